"""The methods text names what the tree holds, and cites what it names."""

import json
import re
from dataclasses import replace

import pytest

import vrest
from vrest.fitting.experiment.config import parse_config
from vrest.fitting.fit import Fit
from vrest.fitting.report.methods import cited
from vrest.fitting.results.tables import summary_table
from vrest.models.ions import ions
from vrest.models.laws.options import OPTIONS
from vrest.models.presets import PRESETS


def test_what_is_known_is_reported_and_advice_is_not(potassium_fit, full_fit):
    for fit in (potassium_fit, full_fit):
        advice = fit.verdict().identification.advice
        said = fit.verdict().parts[2].sentences
        assert {s for s in said if s in str(fit.methods())} == set(said) - set(advice)
    assert set(potassium_fit.verdict().parts[2].sentences) & set(potassium_fit.verdict().identification.advice)


def test_what_the_verdict_withholds_no_text_judges(full_fit, failed):
    reported, ours = failed(full_fit).methods().paragraphs[-1], full_fit.methods().paragraphs[-1]
    assert "sampling fell short of its checks" in reported
    judges = re.compile("agrees|misses|answered|inform|confounded|Pareto|p = |narrower")
    assert not judges.search(reported)
    assert {"Pareto", "narrower", "confounded"} <= set(judges.findall(ours))
    withheld, judged = failed(full_fit).verdict().to_dict(), full_fit.verdict().to_dict()
    assert [withheld[part]["ok"] for part in ("sampling", "fit", "identification")] == [False, None, None]
    assert [judged[part]["ok"] for part in ("sampling", "fit", "identification")] == [True, True, False]
    assert withheld["fit"]["reason"].startswith("The sampling fell short")


@pytest.mark.parametrize("name", ["full_fit", "gluconate_fit", "typed_fit"])
def test_text_names_priors_versions_and_settings_of_the_tree(name, request):
    fit = request.getfixturevalue(name)
    fit = fit[0] if isinstance(fit, tuple) else fit
    text, tree = str(fit.methods()), fit.tree
    config = parse_config(tree.attrs["config"])
    stated = dict(re.findall(r"([\w/]+(?: spread)?) ~ (\w+\(.*?\)(?: > 0)?),", text))
    e = fit.experiment
    everything = [*e.parameters, *e.spreads.values()]
    assert stated == {p.name: str(p.prior) for p in everything}
    assert {p.symbol for p in everything} == set(tree["log_prior"].data_vars)
    assert ("Between cells the logarithms of" in text) == bool(e.spreads)
    for package, version in json.loads(tree.attrs["versions"]).items():
        assert re.search(rf"\b{package} {re.escape(version)}\b", text, re.IGNORECASE), package
    s, sizes = config.sampling, tree["posterior"].sizes
    assert (sizes["chain"], sizes["draw"]) == (s.chains, s.draws)
    assert (
        f"{s.chains} chains of {s.draws} draws after {s.tune} draws of tuning, target acceptance {s.target_accept:g}"
        in text
    )
    assert f"seed {tree.attrs['seed']}." in text
    assert f"There were {int(tree['sample_stats']['diverging'].sum())} divergences" in text
    assert f"for the ions {', '.join(e.ions)} (" in text
    assert "89% interval" in text


def test_another_sampler_is_another_text(gluconate_fit):
    """Software that was not used is neither named nor cited."""
    tree = gluconate_fit.tree.copy()
    config = parse_config(tree.attrs["config"])
    other = replace(config, robust=True, options=("davies",))
    tree.attrs = {**tree.attrs, "config": other.to_toml(), "sampler": "numpyro"}
    text, ours = str(Fit(tree, gluconate_fit.experiment).methods()), str(gluconate_fit.methods())
    assert "nutpie" not in text
    assert "nutpie" in ours
    assert "Phan, Du" in text
    assert "Phan" not in ours
    assert "Student t" in text
    assert "Davies" in text


def test_only_what_is_cited_is_listed(full_fit, gluconate_fit):
    pumped, passive = full_fit.methods(), gluconate_fit.methods()
    assert "@article{Jacquez1971" in pumped.bibtex
    assert "Jacquez" not in passive.bibtex
    for methods in (pumped, passive):
        body = re.sub(r"\((\d{4})\)", r"\1", " ".join(methods.paragraphs))
        assert all(reference.cited_as in body for reference in methods.references)
        assert methods.bibtex.count("@article") == len(methods.references) > 5
    goldman = pumped.references[0]
    assert str(goldman).startswith("Goldman, David E. (1943) Potential, impedance")
    assert str(goldman).endswith("Journal of General Physiology 27:37–60.")


def test_every_citation_of_laws_and_priors_has_an_entry():
    """Author and year, PMC or PMID in a law's citation or a prior's source: each leads to BibTeX."""
    every = ions(("K", "Na", "Cl"))
    texts = [law.citation for law in vrest.LAWS.values()]
    texts += [p.source for law in vrest.LAWS.values() for p in law.parameters(law.usable(every))]
    texts += [p.source for option in OPTIONS.values() for p in option.parameters(every)]
    texts += [source for changes in PRESETS.values() for _, source in changes.values()]
    citation = re.compile(r"[^\W\d_]\w+(?: & [^\W\d_]\w+| et al\.)? \(?(?:18|19|20)\d\d\)?|PMC\d+|PMID \d+")
    found = {match for text in texts for match in citation.findall(text)}
    assert len(found) > 8
    for words in found:
        assert cited(words), words


def test_tables_to_paste(gluconate_fit):
    table = gluconate_fit.summary()
    latex, markdown, html = (gluconate_fit.summary(style) for style in ("latex", "markdown", "html"))
    assert r"$P_\mathrm{Na}$/$P_\mathrm{K}$ &  & 0." in latex
    assert latex.count(r"\\") == len(table) + 1
    spread = table[:1].assign(parameter="P_Na/P_K spread")
    assert r"$P_\mathrm{Na}$/$P_\mathrm{K}$ spread &" in summary_table(spread, "latex", 0.89)
    lines = markdown.splitlines()
    assert lines[0] == "| parameter | unit | median | 89% interval | ESS | R-hat | contraction |"
    assert len({line.count("|") for line in lines}) == 1
    assert f"{table['median'][0]:.4f}" in lines[2]
    assert html.count("<tr>") == len(table) + 1
    other = table.assign(contraction=-0.03, median=1.234e-6, unit="uA/cm2")
    assert "<td>µA/cm²</td><td>1.23×10⁻⁶</td>" in (text := summary_table(other, "html", 0.89))
    assert "<td>−0.03</td>" in text
    assert (
        r"\textmu{}A/cm\textsuperscript{2} & 1.23$\times$10\textsuperscript{$-$}\textsuperscript{6}"
        in summary_table(other, "latex", 0.89)
    )
    with pytest.raises(vrest.UnknownNameError, match="Did you mean 'latex'"):
        gluconate_fit.summary("latx")
