"""Which rows of the data sets are about which sensitive topic, for tools/topics/fit.py and bench/sensitive_quality.py.

A row is (text, language, {topic: 1 or 0}); a topic that a set says nothing about is left out. mmlu and mwe_persona are held out whole: they have
no row of split `train`; the fit leaves out arc and legal_plain, too.
"""
import json
import pathlib
import subprocess

TOPICS = ("politics", "religion", "medical", "legal", "financial", "relationships")
NONE = dict.fromkeys(TOPICS, 0)
MMLU = {
    "professional_law": "legal", "international_law": "legal", "jurisprudence": "legal", "professional_medicine": "medical",
    "clinical_knowledge": "medical", "college_medicine": "medical", "virology": "medical",
    "high_school_government_and_politics": "politics", "us_foreign_policy": "politics", "world_religions": "religion",
    "professional_accounting": "financial",
}
MMLU_NONE = ("abstract_algebra", "astronomy", "college_chemistry", "college_computer_science", "college_mathematics", "college_physics",
             "conceptual_physics", "electrical_engineering", "elementary_mathematics", "formal_logic", "high_school_chemistry",
             "high_school_computer_science", "high_school_mathematics", "high_school_physics", "high_school_statistics", "machine_learning")
CLINC_MONEY = ("taxes", "w2", "income", "rollover_401k", "exchange_rate")
CLINC_UNKNOWN = ("oos", "nutrition_info", "calories", "insurance", "insurance_change", "travel_alert", "international_visa", "next_holiday",
                 "meaning_of_life", "payday", "direct_deposit", "definition", "fun_fact", "translate", "tell_joke", "text")
NLU_UNKNOWN = ("news_query", "qa_factoid", "qa_definition", "social_post", "social_query", "general_quirky", "general_joke", "email_sendemail",
               "email_query", "play_podcasts", "recommendation_events")
CATQA = {"Political Campaigning": "politics", "Tailored Financial Advice": "financial"}
WRITINGBENCH = {"Finance & Business/Financial Reports": "financial", "Finance & Business/Investment Analysis": "financial",
                "Politics & Law/Legal Opinion": "legal", "Politics & Law/Legal Agreement": "legal", "Politics & Law/Legal Consultation": "legal",
                "Politics & Law/Government Speech": "politics", "Politics & Law/Policy Advocacy": "politics",
                "Politics & Law/Ideological Report": "politics", "Politics & Law/Party Membership Application": "politics"}
WRITING_NONE = ("Advertising & Marketing", "Literature & Arts")
SPECIAL = {"spc_fin": "financial", "spc_hlt": "medical", "spc_lgl": "legal", "spc_ele": "politics"}
CVALUES = {"law": "legal", "intimate_relationship": "relationships"}
POLITICAL_VIEWS = ("politically-conservative", "politically-liberal", "believes-abortion-should-be-illegal", "anti-immigration")
PLAIN_VIEWS = ("narcissism", "desire-to-not-have-memory-erased")


def about(topic: str, *unknown: str) -> dict:
    return {one: int(one == topic) for one in TOPICS if one not in unknown}


def without(*unknown: str) -> dict:
    return {one: 0 for one in TOPICS if one not in unknown}


def by_clinc(row: dict) -> dict | None:
    if row["topic"] in ("banking", "credit_cards") or row["intent"] in CLINC_MONEY:
        return about("financial", "legal")
    if row["intent"] == "vaccines":
        return about("medical")
    return None if row["intent"] in CLINC_UNKNOWN else NONE


def by_mmlu(row: dict) -> dict | None:
    if row["subject"] in MMLU_NONE:
        return NONE
    topic = MMLU.get(row["subject"])
    return topic and {topic: 1}


def by_nlu(row: dict) -> dict | None:
    if row["intent"] in ("qa_stock", "qa_currency"):
        return about("financial", "politics")
    return None if row["intent"] in NLU_UNKNOWN else NONE


def by_catqa(row: dict) -> dict | None:
    family, kind = row["category"].split("/", 1)
    if row["lang"] == "vi":
        return None
    if family == "Malware Viruses":
        return without("legal", "financial")
    if kind.endswith("Religious intolerance"):
        return {"religion": 1}
    return CATQA.get(family) and {CATQA[family]: 1}


def by_writing(row: dict) -> dict | None:
    if row["category"].split("/")[0] in WRITING_NONE:
        return without("relationships", "financial", "politics", "medical", "religion")
    topic = WRITINGBENCH.get(row["category"])
    return topic and {topic: 1}


def by_persona(row: dict) -> dict | None:
    if row["category"] in POLITICAL_VIEWS:
        return {"politics": 1}
    return without("relationships") if row["category"] in PLAIN_VIEWS else None


SETS = {
    "banking77": lambda row: about("financial", "legal"),
    "clinc150": by_clinc,
    "nlu_eval": by_nlu,
    "covidqa": lambda row: about("medical", "politics"),
    "legal_plain": lambda row: about("legal", "financial"),
    "tau2_benign": lambda row: about("financial", "legal") if row["category"] == "banking_knowledge" else without("financial", "legal"),
    "commonsenseqa": lambda row: without("religion", "relationships"),  # churches, weddings
    "gsm8k": lambda row: without("financial"),
    "arc": lambda row: without("medical"),
    "scitldr": lambda row: without("medical"),
    "ailuminate_demo": lambda row: {SPECIAL[row["category"]]: 1} if row["category"] in SPECIAL else None,
    "catqa": by_catqa,
    "cvalues_prompts": lambda row: {CVALUES[row["category"]]: 1} if row["category"] in CVALUES else None,
    "writingbench": by_writing,
    "mmlu": by_mmlu,
    "mwe_persona": by_persona,
}


def text_of(name: str, row: dict) -> str:
    if name == "mwe_persona":
        return row["statement"]
    text = row.get("text") or row["question"]
    return text[:600]


def rows(datasets: pathlib.Path, name: str, splits: set[str]) -> list[tuple[str, str, dict]]:
    """Errors: CalledProcessError when the set cannot be read."""
    out = subprocess.run(["zstd", "-dc", datasets / f"{name}.jsonl.zst"], check=True, stdout=subprocess.PIPE).stdout.decode()
    found = []
    for row in map(json.loads, filter(None, out.split("\n"))):
        labels = SETS[name](row) if row["split"] in splits else None
        if labels:
            found.append((text_of(name, row), row["lang"], labels))
    return found
