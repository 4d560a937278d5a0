"""A newer Keel, or other answers, on a branch to review: nothing of the team's is lost."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from keel.project.commands import UV, call, must, output
from keel.project.errors import UserError
from keel.repository.merge import Change, change, lost, marked, merge, unmerged
from keel.repository.template import Origin, Template, is_older, origin

BRANCH = "keel-update"
TRAILER = "Keel-Update"
STATE = "keel-update.json"
DECIDE = 2  # the exit code where a person has to
UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
FINISH = "uv run keel update --continue, or uv run keel update --abort"


@dataclass(frozen=True)
class Update:
    """An update under way, as it is written down beside Git's own files."""

    title: str
    to: str  # the revision it goes to
    news: str  # what the changelog says, and the new questions
    back: str  # the branch or the commit to go back to
    head: str
    before: str
    after: str
    conflicts: dict[str, str]

    @property
    def change(self) -> Change:
        return Change(self.before, self.after)


class Parser(ArgumentParser):
    """Says what is wrong as other verbs do."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; uv run keel update --help says more")


def main(root: Path, arguments: list[str]) -> int:
    """Start, go on with or take back an update; 2 if a person has to decide something."""
    parser = Parser(prog="uv run keel update", description=__doc__)
    parser.add_argument("answers", nargs="*", metavar="QUESTION=ANSWER", help="an answer to change")
    parser.add_argument("--to", help="a release or another revision (default: the newest release)")
    parser.add_argument("--no-check", action="store_true", help="leave out `uv run keel check`")
    parser.add_argument(
        "--unattended", action="store_true", help="commit also what needs a decision, for a robot"
    )
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument("--continue", action="store_true", dest="resume", help="after a decision")
    steps.add_argument("--abort", action="store_true", help="go back to where it started")
    options = parser.parse_args(arguments)
    under_way = _read(root)
    if options.abort and under_way:
        _take_back(root, under_way)
        print(f"Back on {under_way.back}, as it was before.")
        return 0
    if under_way and _branch(root) != BRANCH:
        under_way = None  # a person has left it
    if options.resume and under_way:
        return _finish(root, under_way, options)
    if options.resume or options.abort:
        raise UserError("no update is under way: uv run keel update starts one")
    if under_way:
        raise UserError(f"an update is under way: {FINISH}")
    return _start(root, options)


def _start(root: Path, options: Namespace) -> int:
    made_from = origin(root)
    _refuse_what_is_in_the_way(root, unattended=options.unattended)
    with TemporaryDirectory(prefix="keel-") as folder:
        template = Template.clone(made_from.source, root, Path(folder) / "template")
        old = template.commit(made_from.revision)
        new = _target(template, old, options)
        if new == old and not options.answers:
            print(f"Nothing to do: this project has {made_from.revision}, the newest Keel.")
            return 0
        if _branch(root) == BRANCH:
            raise UserError(f"{BRANCH} is the branch of the last update: merge it, and switch away")
        changed = _answers(template.settings(new), made_from, options.answers)
        difference, made = _difference(root, template, made_from, (old, new), changed)
        unasked = made.answers.keys() - made_from.answers.keys() - changed.keys()
        title = f"Update Keel from {made_from.revision} to {made.revision}"
        if new == old:
            title = f"Change {', '.join(f'{name} to {value}' for name, value in changed.items())}"
        news = filter(None, [template.changes(old, new), _new(made, unasked)])
    update = Update(
        title,
        made.revision,
        "\n\n".join(news),
        back=_branch(root) or _head(root),
        head=_head(root),
        before=difference.before,
        after=difference.after,
        conflicts={},
    )
    print(f"{title}\n\n{update.news}\n", flush=True)
    return _finish(root, _merge(root, update), options)


def _difference(
    root: Path,
    template: Template,
    made_from: Origin,
    revisions: tuple[str, str],
    changed: dict[str, str],
) -> tuple[Change, Origin]:
    """What the new revision and answers change. Raises UserError if that would drop edits."""
    old, new = revisions
    before, after = (template.folder.with_name(name) for name in ("before", "after"))
    with ThreadPoolExecutor() as threads:  # Copier takes a second for each
        first = threads.submit(template.render, old, made_from, {}, before)
        template.render(new, made_from, changed, after)
        first.result()
    made = origin(after)
    points = template.settings(new).get("_skip_if_exists", [])
    difference = change(root, before, after, f"Keel {made.revision}", points)
    if changed and (losses := difference.would_lose(root)):
        raise UserError(
            f"with these answers files would go that you changed: {', '.join(losses)}. Move "
            "elsewhere what you need of them, `git rm` them, commit, and run this again"
        )
    return difference, made


def _merge(root: Path, update: Update) -> Update:
    """Merge it on a branch; returns it with the conflicts."""
    try:
        _write(root, update)
        must(root, "git", "switch", "--quiet", "--force-create", BRANCH)
        update = replace(update, conflicts=merge(root, update.change))
        _write(root, update)
    except BaseException:  # whatever stops it, also Ctrl-C: the working tree comes back
        _take_back(root, update)
        raise
    return update


def _refuse_what_is_in_the_way(root: Path, *, unattended: bool) -> None:
    if output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise UserError(
            "an update starts from a commit, and there is none yet: uv run keel setup, "
            'git add --all, git commit -m "Start"'
        )
    for name in UNDER_WAY:
        if _git_path(root, name).exists():
            raise UserError(f"Git is in the middle of something ({name}): git status says of what")
    changes = must(root, "git", "status", "--porcelain").splitlines()
    if changes:
        some = ", ".join(line[3:] for line in changes[:3]) + (", …" if changes[3:] else "")
        raise UserError(f"there are changes without a commit ({some}): commit or stash them first")
    if output(root, "git", "var", "GIT_COMMITTER_IDENT") is None:
        raise UserError(
            "Git does not know your name: "
            'git config --global user.name "…" and git config --global user.email "…"'
        )
    # A robot makes its branch anew, unless a person has worked on it.
    robot = ("--invert-grep", f"--grep=^{TRAILER}: ") if unattended else ()
    for branch in (BRANCH, f"origin/{BRANCH}") if unattended else (BRANCH,):
        if output(root, "git", "log", "--format=%h", *robot, f"HEAD..{branch}", "--"):
            raise UserError(f"{branch} has commits that would be lost: merge or delete it first")


def _target(template: Template, old: str, options: Namespace) -> str:
    """The commit of the template to go to. Raises UserError if it is older than what there is."""
    if options.to:
        new = template.commit(options.to)
    elif options.answers:
        return old
    elif releases := template.releases():
        new = template.commit(releases[-1])
    else:
        raise UserError("the template has no releases yet: name a revision, as in --to HEAD")
    release, than = template.release(new), template.release(old)
    if new != old and (is_older(release, than) or template.has(new, old)):
        if not options.to:
            return old  # made from what comes after the newest release
        raise UserError(f"{options.to} is older than what this project has ({than or old[:7]})")
    return new


def _answers(settings: dict[str, object], made_from: Origin, given: list[str]) -> dict[str, str]:
    questions = [name for name in settings if not name.startswith("_")]
    changed = {}
    for answer in given:
        name, is_answer, value = answer.partition("=")
        if not is_answer or name not in questions:
            raise UserError(f"{answer!r} is no QUESTION=ANSWER; questions: {', '.join(questions)}")
        if name == "package_name" and value != made_from.answers["package_name"]:
            raise UserError("package_name can't change: every import of yours has it")
        changed[name] = value
    return changed


def _new(made: Origin, names: set[str]) -> str:
    """Say which answers a project got to questions that it was not asked."""
    said = "New questions, with the answers that they got; `uv run keel update NAME=…` changes one:"
    return f"{said}\n{_list(f'{n}: {made.answers[n]}' for n in sorted(names))}" if names else ""


def _finish(root: Path, update: Update, options: Namespace) -> int:
    """Check what the merge made, and commit it unless a person has to decide something."""
    open_ones = {path: update.conflicts.get(path, "in conflict") for path in unmerged(root)}
    for path in marked(root, list(update.conflicts)):
        open_ones.setdefault(path, "has conflict markers")
    decisions = [f"{path}: {why}" for path, why in open_ones.items()]
    if not options.resume:  # later on a person has seen it
        decisions += [
            f"{path}: lines of yours are gone, such as {lines[0].strip()!r}"
            for path, lines in lost(root, update.change, update.head).items()
        ]
    checks = "not run"
    if not (decisions or options.no_check):
        checks = _check(root)
        decisions += [f"the checks {checks}: see above"] if checks != "pass" else []
    if decisions and not options.unattended:
        print("A person has to decide:\n" + _list(decisions))
        print(
            "\nMend that, `git add` or `git rm` each file, then: uv run keel update --continue\n"
            "To go back instead: uv run keel update --abort, or, where that can't start, "
            f"git switch --discard-changes {update.back}"
        )
        return DECIDE
    summary = _summary(root, update, decisions, checks)
    message = filter(None, [update.title, update.news, summary, f"{TRAILER}: {update.to}"])
    must(root, "git", "add", "--update", ".")
    # What is in conflict can't pass the hooks, and a robot has to show it all the same.
    hooks = ["--no-verify"] if open_ones else []
    if output(root, "git", "diff", "--cached", "--quiet") is None:  # not yet committed by hand
        text = ("--cleanup=whitespace", "--message", "\n\n".join(message))
        must(root, "git", "commit", "--quiet", *text, *hooks)
    _git_path(root, STATE).unlink()
    print(f"{summary}\n\nCommitted on {BRANCH}; {update.back} is as it was. Next: git show --stat")
    return DECIDE if decisions else 0


def _check(root: Path) -> str:
    """Lock the packages that are asked for now, and run the checks."""
    environment = {"UV_LOCKED": "0", "UV_FROZEN": "0"}  # as CI sets them
    if (root / "uv.lock").exists() and call(root, UV, "lock", "--quiet", **environment):
        return "can't run, since the packages don't fit together"
    return "fail" if call(root, UV, "run", "poe", "check", **environment) else "pass"


def _summary(root: Path, update: Update, decisions: list[str], checks: str) -> str:
    """What a reviewer wants to know beside the news."""
    keel, team = update.change.of_keel(root), update.change.of_team(root, update.head)
    both = [path for path in keel if path in team and keel[path] == team[path] == "M"]
    deleted = [path for path in keel if team.get(path) == "D" and keel[path] != "D"]
    conflicts = [path for path in update.conflicts if not any(path in d for d in decisions)]
    count = Counter(how for path, how in keel.items() if path not in deleted)
    parts = [
        f"Came in: {count['M']} files changed, {count['A']} new, {count['D']} gone.",
        "Changed by you and by Keel, and both is in it:\n" + _list(both) if both else "",
        "Changed by Keel, deleted by you, and stays so:\n" + _list(deleted) if deleted else "",
        "Decided by a person:\n" + _list(conflicts) if conflicts else "",
        "Needs a decision:\n" + _list(decisions) if decisions else "",
        f"Checks: {checks}.",
    ]
    return "\n\n".join(filter(None, parts))


def _take_back(root: Path, update: Update) -> None:
    """Return to where the update started. Raises UserError if that would lose commits."""
    if _branch(root) == BRANCH and not _is_own(root, update):
        raise UserError(
            f"{BRANCH} has commits: git switch {update.back} leaves it, "
            f"git branch --delete --force {BRANCH} throws them away"
        )
    if _branch(root) == BRANCH:
        must(root, "git", "reset", "--quiet", "--hard", update.head)
        detached = output(root, "git", "show-ref", f"refs/heads/{update.back}") is None
        how = ["--detach"] if detached else []
        must(root, "git", "switch", "--quiet", *how, update.back)
        must(root, "git", "branch", "--quiet", "--delete", "--force", BRANCH)
    _git_path(root, STATE).unlink(missing_ok=True)


def _is_own(root: Path, update: Update) -> bool:
    """Whether nothing was committed since the start, or only by the update itself."""
    ours = f"--grep=^{TRAILER}: "
    others = ("git", "rev-list", "--invert-grep", ours, f"{update.head}..HEAD")
    return must(root, *others) == ""


def _read(root: Path) -> Update | None:
    """The update that is under way, if there is one. Raises UserError outside of a repository."""
    if output(root, "git", "rev-parse", "--git-dir") is None:
        raise UserError(f"{root} is in no Git repository: uv run keel setup, then commit")
    file = _git_path(root, STATE)
    return Update(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _write(root: Path, update: Update) -> None:
    file = _git_path(root, STATE)
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(asdict(update)), encoding="utf-8")
    beside.replace(file)


def _git_path(root: Path, name: str) -> Path:
    return root / must(root, "git", "rev-parse", "--git-path", name).strip()


def _branch(root: Path) -> str | None:
    return output(root, "git", "symbolic-ref", "--quiet", "--short", "HEAD")


def _head(root: Path) -> str:
    return must(root, "git", "rev-parse", "HEAD").strip()


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)
