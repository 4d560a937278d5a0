"""A newer Keel, or other answers, on a branch to review: Copier merges, and all of it is told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from keel.project.commands import UV, call, must, output
from keel.project.errors import UserError
from keel.repository import progress
from keel.repository.conflicts import conflicts
from keel.repository.merge import Result, Step, bring, merge
from keel.repository.progress import BRANCH, TRAILER, Update
from keel.repository.template import ANSWERS, Origin, Template, is_older, origin, recorded

DECIDE = 2  # the exit code where a person has to
CHANGED = (
    f"write the release that is nearest to this project as _commit into {ANSWERS} and commit that, "
    "if it was made from a template with changes of its own: "
)
UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
FINISH = "uv run keel update --continue, or uv run keel update --abort"


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    answers: tuple[str, ...] = ()
    to: str = ""  # a release or another revision; the newest release without
    check: bool = True
    unattended: bool = False  # commit also what needs a decision, for a robot


def start(root: Path, options: Options) -> int:
    """Update on a branch; 2 if a person has to decide something."""
    if progress.under_way(root):
        raise UserError(f"an update is under way: {FINISH}")
    made_from = origin(root)
    _refuse_what_is_in_the_way(root, unattended=options.unattended)
    progress.clear(root)
    with TemporaryDirectory(prefix="keel-") as folder:
        template = Template.clone(made_from.source, Path(folder) / "template")
        old = template.commit(made_from.revision, CHANGED)
        new = _target(template, old, options)
        if new == old and not options.answers:
            print(f"Nothing to do: this project has {made_from.revision}, the newest Keel.")
            return 0
        if progress.branch(root) == BRANCH:
            raise UserError(f"{BRANCH} is the branch of the last update: merge it, and switch away")
        changed = _answers(template.questions(new), made_from, options.answers)
        title = f"Update Keel from {made_from.revision} to {template.name(new)}"
        if new == old:
            title = f"Change {', '.join(f'{name} to {value}' for name, value in changed.items())}"
        update = progress.begin(root, title, template.name(new), Path(folder) / "work")
        try:
            step = Step(template, made_from, old, new, changed)
            update = replace(update, result=merge(root, step, Path(update.work)))
            unasked = _new_questions(root, update, made_from, changed)
            news = "\n\n".join(filter(None, [template.news(old, new), unasked]))
            update = replace(update, news=news)
            print(f"{title}\n\n{news}\n", flush=True)
            _switch(root, update, options)
        except BaseException:  # whatever stops it, also Ctrl-C: all is as it was
            progress.take_back(root, update)
            raise
    must(root, "git", "worktree", "prune")
    return _finish(root, update, options, resumed=False)


def resume(root: Path, options: Options) -> int:
    """Go on after a decision."""
    update = progress.under_way(root)
    if not update:
        raise UserError("no update is under way: uv run keel update starts one")
    return _finish(root, update, options, resumed=True)


def abort(root: Path) -> str:
    """Go back to where the update started; returns the branch or commit."""
    update = progress.read(root)
    if not update:
        raise UserError("no update is under way: uv run keel update starts one")
    progress.take_back(root, update)
    return update.back


def _switch(root: Path, update: Update, options: Options) -> None:
    """Take over on the branch what Copier made."""
    progress.write(root, update)
    must(root, "git", "switch", "--quiet", "--force-create", BRANCH)
    bring(root, update.result, stages=not options.unattended)


def _refuse_what_is_in_the_way(root: Path, *, unattended: bool) -> None:
    if output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise UserError(
            "an update starts from a commit, and there is none yet: uv run keel setup, "
            'git add --all, git commit -m "Start"'
        )
    for name in UNDER_WAY:
        if progress.git_path(root, name).exists():
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
    for branch in (BRANCH, f"origin/{BRANCH}") if unattended else (BRANCH,):
        if progress.has_work(root, branch, of_people=unattended):
            raise UserError(f"{branch} has commits that would be lost: merge or delete it first")


def _target(template: Template, old: str, options: Options) -> str:
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


def _answers(questions: list[str], made_from: Origin, given: Iterable[str]) -> dict[str, str]:
    changed = {}
    for answer in given:
        name, is_answer, value = answer.partition("=")
        if not is_answer or name not in questions:
            raise UserError(f"{answer!r} is no QUESTION=ANSWER; questions: {', '.join(questions)}")
        if name == "package_name" and value != made_from.answers["package_name"]:
            raise UserError("package_name can't change: every import of yours has it")
        changed[name] = value
    return changed


def _new_questions(root: Path, update: Update, made_from: Origin, changed: dict[str, str]) -> str:
    """Say which answers a project got to questions that it was not asked."""
    prefix = must(root, "git", "rev-parse", "--show-prefix").strip()
    now = recorded(Path(update.work) / prefix)
    unasked = sorted(now.keys() - made_from.answers.keys() - changed.keys())
    new = [f"{name}: {now[name]}" for name in unasked if not name.startswith("_")]
    title = "New questions, with the answers that they got; `uv run keel update NAME=…` changes one"
    return _part(title, new)


def _finish(root: Path, update: Update, options: Options, *, resumed: bool) -> int:
    """Check what the merge made, and commit it unless a person has to decide something."""
    open_files = _open_files(root, update.result)
    decisions = [f"{path}: {why}" for path, why in open_files.items()]
    if not resumed:  # later on a person has seen it
        decisions += [
            f"{path}: lines of yours are gone, such as {line.strip()!r}; `git show "
            f"{update.head[:7]}:./{path}` has them"
            for path, line in update.result.lost.items()
        ]
    checks = "not run"
    if not decisions:
        checks = _check(root, options)
        decisions += (
            [f"the checks {checks}: see above"] if checks not in ("pass", "not run") else []
        )
    if decisions and not options.unattended:
        print(_part("A person has to decide", decisions))
        print(
            "\nMend that, `git add` or `git rm` each file, then: uv run keel update --continue\n"
            "To go back instead: uv run keel update --abort, or, where that can't start, "
            f"git switch --discard-changes {update.back}"
        )
        return DECIDE
    summary = _summary(update, decisions, [*open_files], checks)
    message = filter(None, [update.title, update.news, summary, f"{TRAILER}: {update.to}"])
    must(root, "git", "add", "--update", ".")
    # What is in conflict can't pass the hooks, and a robot has to show it all the same.
    hooks = ["--no-verify"] if open_files else []
    if output(root, "git", "diff", "--cached", "--quiet") is None:  # not yet committed by hand
        text = ("--cleanup=whitespace", "--message", "\n\n".join(message))
        must(root, "git", "commit", "--quiet", *text, *hooks)
    progress.clear(root)
    print(f"{summary}\n\nCommitted on {BRANCH}; {update.back} is as it was. Next: git show --stat")
    return DECIDE if decisions else 0


def _open_files(root: Path, result: Result) -> dict[str, str]:
    """The files that are still in conflict, have its marks, or are a rejected part, and why."""
    unmerged = must(root, "git", "diff", "--name-only", "--diff-filter=U", "--relative", "-z")
    left = dict.fromkeys(unmerged.split("\0")[:-1], "in conflict")
    for place in conflicts(root):
        path, _, line = place.rpartition(":")
        left.setdefault(path or line, "has conflict markers" if path else "was rejected")
    return {path: result.conflicts.get(path, why) for path, why in left.items()}


def _check(root: Path, options: Options) -> str:
    """Lock the packages that are asked for now, and run the checks."""
    environment = {"UV_LOCKED": "0", "UV_FROZEN": "0"}  # as CI sets them
    lock = _lock(root)
    if lock and call(root, UV, "lock", "--quiet", **environment):
        return "can't run, since the packages don't fit together"
    if lock:
        must(root, "git", "add", "--", str(lock))
    if not options.check:
        return "not run"
    return "fail" if call(root, UV, "run", "keel", "check", **environment) else "pass"


def _lock(root: Path) -> Path | None:
    """The lock file of the project, or of the workspace that it is in, if Git has one."""
    top = Path(must(root, "git", "rev-parse", "--show-toplevel").strip())
    here = root.resolve()
    places = [
        folder / "uv.lock" for folder in (here, *here.parents) if top in (folder, *folder.parents)
    ]
    locks = [place for place in places if place.exists()]
    tracked = [place for place in locks if output(root, "git", "ls-files", "--", str(place))]
    return tracked[0] if tracked else None


def _summary(update: Update, decisions: list[str], open_files: list[str], checks: str) -> str:
    """What a reviewer wants to know beside the news."""
    result = update.result
    count = Counter(result.came.values())
    parts = [
        f"Came in: {count['M']} files changed, {count['A']} new, {count['D']} gone.",
        _part("Changed by you and by Keel, and both is in it", result.both),
        _part("Changed in new projects, and yours, so left as it is", result.left),
        _part("Decided by a person", [p for p in result.conflicts if p not in open_files]),
        _part("Needs a decision", decisions),
        f"Checks: {checks}.",
    ]
    return "\n\n".join(filter(None, parts))


def _part(title: str, items: list[str]) -> str:
    return "\n".join([f"{title}:", *(f"- {item}" for item in items)]) if items else ""
