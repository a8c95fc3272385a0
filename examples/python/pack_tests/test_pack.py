"""The pack as a whole: it has no findings, and its own tests pass and leave nothing out."""

import recoup


def test_the_pack_has_no_findings(rules: recoup.Engine) -> None:
    assert rules.check() == ()


def test_the_tests_of_the_pack_pass(rules: recoup.Engine) -> None:
    report = rules.test()
    assert report.failed == 0, str(report)
    assert report.passed > 100


def test_every_rule_of_the_pack_fires_in_one_of_its_tests(rules: recoup.Engine) -> None:
    # What comes from the pack `base` is tested there.
    assert [id for id in rules.test().uncovered if not id.startswith("contact/base/")] == []
