"""peers.py COMPONENTS_BENCH: CPU time of one scan of bench/texts/personal.txt, ours and a peer's by turns; prints rows of ratios.

Ours runs in a process of its own, which measures itself; a peer runs here. Both count the CPU time of their thread.
"""
import math
import pathlib
import subprocess
import sys
import time
import warnings

TEXT = pathlib.Path(__file__).parent.parent / "texts" / "personal.txt"
REPEATS = 21
REPEAT_SECONDS = 0.05


class Ours:
    def __init__(self, program: str, what: str):
        self.process = subprocess.Popen([program, "scan", what, TEXT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ns(self, times: int) -> float:
        print(times, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def peer_ns(work, times: int) -> float:
    begin = time.thread_time_ns()
    for _ in range(times):
        work()
    return (time.thread_time_ns() - begin) / times


def estimate(samples: list[float]) -> tuple[float, float, float]:
    """Median and the interval that holds the true one with 95 % (order statistics)."""
    samples = sorted(samples)
    n, reach = len(samples), 0.98 * math.sqrt(len(samples))
    return samples[n // 2], samples[max(0, math.floor(n / 2 - reach))], samples[min(n - 1, math.ceil(n / 2 + reach))]


def compare(figure: str, goal: float | None, ours: Ours, work) -> None:
    work()
    times = max(1, int(REPEAT_SECONDS * 1e9 / peer_ns(work, 1)))
    ratios, us, them = [], [], []
    for _ in range(REPEATS):
        us.append(ours.ns(2000))
        them.append(peer_ns(work, times))
        ratios.append(them[-1] / us[-1])
    median, low, high = estimate(ratios)
    wanted = f">= {goal:g}x" if goal else ""
    verdict = "" if not goal else "met" if median >= goal else "MISSED"
    detail = f"{estimate(us)[0] / 1e3:.2f} against {estimate(them)[0] / 1e3:.0f} us"
    print(f"{figure:<58} {wanted:>9} {median:>9.0f}x {f'{low:.0f} to {high:.0f}':>20}  {verdict:<7} {detail}", flush=True)


def presidio():
    """Patterns only: no model of names, no words of context."""
    import tldextract
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # its own list; else it asks the network
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer, EmailRecognizer, IbanRecognizer, PhoneRecognizer)
    recognizers = [CreditCardRecognizer(), EmailRecognizer(), IbanRecognizer(), PhoneRecognizer()]
    return lambda text: [hit for one in recognizers for hit in one.analyze(text, one.supported_entities, None)]


def main() -> int:
    warnings.simplefilter("ignore")
    program, text = sys.argv[1], TEXT.read_text()
    patterns = presidio()
    found = {hit.entity_type for hit in patterns(text)}
    assert {"CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "PHONE_NUMBER"} <= found, found
    compare("pii against Presidio's patterns (card, mail, phone, IBAN)", 100, Ours(program, "pii"), lambda: patterns(text))
    lexicon = Ours(program, "lexicon")
    from better_profanity import profanity
    profanity.load_censor_words()
    compare("lexicon of 2600 phrases against better-profanity", None, lexicon, lambda: profanity.contains_profanity(text))
    from profanity_check import predict
    compare("lexicon of 2600 phrases against alt-profanity-check", None, lexicon, lambda: predict([text]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
