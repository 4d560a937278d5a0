"""Projects of the template as a person has them, made in a moment and without Copier."""

import json
from pathlib import Path

import jinja2

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template"
ANSWERS = {
    "package_name": "churn",
    "project_name": "Churn",
    "purpose": (
        "Predicts two hours before departure which flights will arrive more than 15 minutes late, "
        "for passengers with a connection."
    ),
    "user_name": "The team",
    "user_email": "team@example.com",
    "maturity": "product",
    "ci": "none",
    "storage": "local",
    "storage_folder": "../churn-storage",
    "storage_url": "../../churn-storage",
    "licence": "none",
    "keel_source": str(ROOT),
}


def project(folder: Path, **answers: str) -> Path:
    """A project with these answers."""
    given = {**ANSWERS, **answers}
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({"includes/source.jinja": ""}),  # where the library comes from
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(default_for_string=False),
    )
    environment.filters["to_json"] = json.dumps
    conf = {"answers_file": ".copier-answers.yml", "vcs_ref_hash": "0", "src_path": "."}
    computed = {
        "title": given["project_name"],
        "authors": given["user_name"],
        "description": given["purpose"],
    }
    names = {**given, **computed, "_copier_conf": conf, "_copier_answers": given}
    for file in sorted(TEMPLATE.rglob("*")):
        place = file.relative_to(TEMPLATE).as_posix()
        name = environment.from_string(place).render(**names).removesuffix(".jinja")
        if not file.is_file() or not all(name.split("/")) or "answers" in name:
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".jinja":
            text = environment.from_string(text).render(**names)
        target.write_text(text, encoding="utf-8")
    answered = json.dumps({"_commit": "v0", "_src_path": ".", **given})
    (folder / ".copier-answers.yml").write_text(f"# Copier's memory\n{answered}\n")
    return folder
