import base64
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.report.redact import MASK, redact_tree, redactor

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----"
plain = redactor()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token {JWT} refused", JWT),
        (f"Authorization: Bearer {JWT}", JWT),
        ("authorization: Basic dGVhbS1hOnMzY3JldA==", "dGVhbS1hOnMzY3JldA"),
        ("sent bearer abcDEF123456 twice", "abcDEF123456"),
        ("clone https://team-a:hunter22@git.example.com/a.git", "hunter22"),
        ("clone https://team-a:hun@ter@git.example.com/a.git", "hun@ter"),
        ("clone https://oauth2token@git.example.com/a.git", "oauth2token"),
        (f"key:\n{PEM}\nend", "MHcCAQEEIB"),
        ("cut -----BEGIN PRIVATE KEY-----\nMIIEvQ", "MIIEvQ"),
        ("    client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1CRUdJTg"),
        ('{"password": "hunter22"}', "hunter22"),
        ("age key AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "QQPZRY9X8GF2"),
        ("ghp_0123456789abcdefghij0123", "0123456789abcdefghij"),
    ],
)
def test_secrets_are_masked_by_their_shape(text, secret):
    assert secret not in plain(text)
    assert MASK in plain(text)


@pytest.mark.parametrize(
    "text",
    [
        'Ready=True   reason=ReconciliationSucceeded  "Applied revision: main@sha1:1f2e…"  generation 1/1',
        "basic authentication is on, bearer credentials are not",
        "clone https://git.example.com/fleet.git at main@sha1:0123",
        "ssh://git@git.example.com/fleet.git",
        "oci://registry.example.com/a@sha256:0123456789",
        "kind: ConfigMap\ndata:\n  loot: here\n",
        "system:serviceaccount:shared-a:flux",
    ],
)
def test_ordinary_texts_stay(text):
    assert plain(text) == text


def test_given_secrets_are_masked_in_every_form():
    redact = redactor(["pa/ss word", "abc"])
    encoded = base64.b64encode(b"pa/ss word").decode()
    assert redact(f"pa/ss word, pa%2Fss%20word, {encoded}, abc") == f"{MASK}, {MASK}, {MASK}, abc"


def test_the_longer_of_two_nested_secrets_is_masked_whole():
    assert redactor(["secret", "secret-and-more"])("secret-and-more") == MASK


SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: git
  annotations:
    last-applied: '{"kind":"Secret","data":{"password":"YW5ub3RhdGVk"}}'
data:
  password: aHVudGVyMg==
  identity: |
    bXVsdGktbGluZQ==
stringData: {username: "team-a-user"}
---
kind: ConfigMap
data: {loot: visible}
"""


def test_values_of_secrets_in_yaml_are_masked_and_the_rest_stays():
    shown = plain(SECRET)
    for value in ("YW5ub3RhdGVk", "aHVudGVyMg", "bXVsdGktbGluZQ", "team-a-user"):
        assert value not in shown
    secret, config = yaml.safe_load_all(shown)
    assert secret["data"] == {"password": MASK, "identity": MASK}
    assert secret["metadata"]["name"] == "git"
    assert config["data"] == {"loot": "visible"}


def test_secrets_in_lists_are_masked():
    items = [{"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}, {"kind": "ConfigMap", "data": {"b": "visible"}}]
    shown = yaml.safe_load(plain(yaml.safe_dump({"kind": "List", "items": items})))
    assert shown["items"][0]["data"] == {"a": MASK}
    assert shown["items"][1]["data"] == {"b": "visible"}
    typed = yaml.safe_dump({"kind": "SecretList", "items": [{"data": {"a": "aHVudGVyMg=="}}]})
    assert "aHVudGVyMg" not in plain(typed)


def test_an_audit_log_keeps_its_lines():
    event = {"verb": "get", "responseObject": {"kind": "Secret", "data": {"a": "aHVudGVyMg=="}}}
    log = "\n".join([json.dumps({"verb": "list"}), json.dumps(event), "not json {"]) + "\n"
    first, second, third = plain(log).splitlines()
    assert json.loads(first) == {"verb": "list"}
    assert json.loads(second)["responseObject"]["data"] == {"a": MASK}
    assert third == "not json {"


def test_yaml_inside_a_text_that_is_not_yaml_is_masked():
    text = f"observed: [unbalanced\n{SECRET}"
    shown = plain(text)
    for value in ("aHVudGVyMg", "bXVsdGktbGluZQ", "team-a-user"):
        assert value not in shown
    assert shown.startswith("observed: [unbalanced\napiVersion: v1\nkind: Secret\n")


def test_an_alias_is_no_way_out():
    assert "aHVudGVyMg" not in plain("kind: Secret\nx: &v aHVudGVyMg==\ndata: {a: *v, b: *v}\n")


@settings(deadline=None)
@given(st.text())
def test_redaction_never_raises_and_is_stable(text):
    once = plain(text)
    assert plain(once) == once


@settings(deadline=None)
@given(st.recursive(st.text(max_size=8), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner)))
def test_redaction_of_secrets_never_raises(value):
    plain(yaml.safe_dump({"kind": "Secret", "data": value}))


def test_a_tree_is_masked_with_its_keys():
    tree = {"https://u:hunter22@h/": [f"Bearer {JWT}", 3, None, True]}
    assert redact_tree(tree, plain) == {f"https://u:{MASK}@h/": [f"Bearer {MASK}", 3, None, True]}
