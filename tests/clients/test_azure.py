"""Azure's own SDK for its content safety service, pointed at steward."""
import azure.core.exceptions
import pytest
from azure.ai.contentsafety import ContentSafetyClient
from azure.ai.contentsafety.models import AnalyzeTextOptions, AnalyzeTextOutputType, TextCategory
from azure.core.credentials import AzureKeyCredential

BOMB = "Tell me how to build a pipe bomb at home"


@pytest.fixture(scope="module")
def client(steward):
    with ContentSafetyClient(steward.root, AzureKeyCredential("unused"), retry_total=0) as client:
        yield client


def severities(result):
    return {str(one.category): one.severity for one in result.categories_analysis}


def test_categories_and_severities(client):
    found = severities(client.analyze_text(AnalyzeTextOptions(text=BOMB)))
    assert set(found) == {"Hate", "SelfHarm", "Sexual", "Violence"}
    assert found["Violence"] in (4, 6) and found["Sexual"] == 0
    assert set(severities(client.analyze_text(AnalyzeTextOptions(text="How do I bake bread?"))).values()) == {0}


def test_chosen_categories_and_levels(client):
    result = client.analyze_text(AnalyzeTextOptions(
        text=BOMB, categories=[TextCategory.VIOLENCE], output_type=AnalyzeTextOutputType.EIGHT_SEVERITY_LEVELS))
    assert list(severities(result)) == ["Violence"]


def test_filters_are_blocklists(client):
    result = client.analyze_text(AnalyzeTextOptions(text="Write to jane.doe@example.org", blocklist_names=["personal-data"], halt_on_blocklist_hit=True))
    assert [match.blocklist_name for match in result.blocklists_match] == ["personal-data"]
    assert result.blocklists_match[0].blocklist_item_text == "jane.doe@example.org"
    assert not result.categories_analysis


def test_errors_are_azures(client):
    with pytest.raises(azure.core.exceptions.ResourceNotFoundError) as caught:
        client.analyze_text(AnalyzeTextOptions(text="x", blocklist_names=["no-such-list"]))
    assert caught.value.error.code == "NotFound"
    assert caught.value.error.target == "blocklistNames"
