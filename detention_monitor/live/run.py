"""Put the live monitor together from its parts, as the command line asks for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event, Thread

from detention_monitor.errors import RecordError, RuleFileError
from detention_monitor.live.escalation import Escalator, load_hook
from detention_monitor.live.feeds import Feed, Folder, FollowedFile, StandardInput, named
from detention_monitor.live.intake import positions
from detention_monitor.live.kept_rules import keep, last_kept
from detention_monitor.live.monitor import Counts, Engine, Monitor, Reloading
from detention_monitor.live.outbox import is_outbox, outbox
from detention_monitor.live.reload import Reloader, told_faults
from detention_monitor.live.store import Store, StoreError
from detention_monitor.live.worker import Worker
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.vocabulary import Vocabulary


def monitor(
    db: str,
    follow: Sequence[str],
    rules: Path,
    policy: Path | None,
    *,
    once: bool,
    say: Callable[[str], None],
    settings: Path | None = None,
) -> Counts:
    """Follow feeds into a store until told to stop (SIGTERM, Ctrl-C), or `once` to their ends.

    SIGHUP, `monitor reload` and a change of the files make it try the rules and load them anew.
    """
    hook = load_hook(settings) if settings is not None else None
    ruleset, faults = _rules(db, rules, policy)
    standard_input = StandardInput(ruleset.vocabulary) if "-" in follow else None
    wanted = feeds_for(follow, ruleset.vocabulary, {}, standard_input)
    with closing(Store.open(db)) as store, store.alone(), ExitStack() as used:
        use = used.enter_context(closing(_InUse(ruleset, Worker(ruleset, say), standard_input)))
        reloader = used.enter_context(closing(Reloader(rules, policy)))
        escalator = None
        if hook is not None:
            escalator = used.enter_context(closing(Escalator(store, hook, int(time.time()), say)))

        def take_over(new: RuleSet, engine: Engine) -> None:
            use.take(new, engine)
            keep(store, new, rules, policy, int(time.time()))

        whole = Monitor(
            store,
            lambda: feeds_for(follow, use.ruleset.vocabulary, positions(store), standard_input),
            ruleset,
            use.engine,
            say=say,
            escalator=escalator,
            reloading=Reloading(reloader, lambda new: Worker(new, say), take_over),
        )
        if faults:
            whole.refuse(faults)
        else:
            keep(store, ruleset, rules, policy, int(time.time()))
        if once:
            while whole.step():
                pass
        else:
            stop = Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            signal.signal(signal.SIGHUP, lambda *_: reloader.ask())
            names = ", ".join(feed.name for feed in wanted)  # without passwords
            say(f"{store.name}: rules {ruleset.hash}; following {names}")
            whole.run(stop)
        return whole.counts


def _rules(db: str, rules: Path, policy: Path | None) -> tuple[RuleSet, tuple[str, ...]]:
    """Return the rules to start by: those of the files, or the last ones in use and why not those."""
    try:
        return load_rules(rules, policy), ()
    except RuleFileError as error:
        try:
            store = Store.open(db, create=False)
        except StoreError:
            raise error from None
        with closing(store):
            kept = last_kept(store)
        if kept is None:
            raise
        return kept, told_faults(error)


class _InUse:
    """The rules in use, and the engine that judges by them."""

    def __init__(
        self, ruleset: RuleSet, engine: Engine, standard_input: StandardInput | None
    ) -> None:
        self.ruleset, self.engine, self._standard_input = ruleset, engine, standard_input

    def take(self, ruleset: RuleSet, engine: Engine) -> None:
        """Go over to other rules."""
        self.engine.close()
        self.ruleset, self.engine = ruleset, engine
        if self._standard_input is not None:
            self._standard_input.read_by(ruleset.vocabulary)

    def close(self) -> None:
        """End the engine in use."""
        self.engine.close()


def feeds_for(
    paths: Sequence[str],
    vocabulary: Vocabulary,
    known: Mapping[str, str],
    standard_input: StandardInput | None = None,
) -> list[Feed]:
    """Return the feeds that paths stand for, each where it was read to; `known` by its name.

    Raises `RecordError` for a path that is not there.
    """
    out: list[Feed] = []
    for each in dict.fromkeys(paths):
        if each == "-":
            out.append(standard_input or StandardInput(vocabulary))
        elif is_outbox(each):
            name = outbox(each, vocabulary).name
            out.append(outbox(each, vocabulary, known.get(name, "")))
        elif (path := Path(each).absolute()).is_dir():
            out.append(Folder(path, vocabulary, known))
        elif path.is_file():
            out.append(FollowedFile(path, vocabulary, known.get(named(path), "")))
        else:
            raise RecordError(
                f"{each}: no such file or folder; an empty file will do to begin with"
            )
    return out


@contextmanager
def accompanied(
    db: str, vocabulary: Vocabulary, follow: Sequence[str], options: Sequence[str] = ()
) -> Iterator[None]:
    """Run a monitor over a store for as long as a screen needs it, in a process of its own.

    `options` are those of the command line (--rules, --policy, --settings). Raises `RecordError` for
    a feed that is not there, and at the end `StoreError` with the last words of a monitor that failed.
    """
    Store.open(db).close()
    feeds_for(follow, vocabulary, {})  # what is not there is said before the screen opens
    command = [sys.executable, "-m", "detention_monitor", "monitor", "--db", db, *options]
    for each in follow:
        command += ["--follow", each]
    with subprocess.Popen(  # noqa: S603 - this program itself, without a shell
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as running:
        assert running.stderr is not None  # asked for above
        said: deque[bytes] = deque(maxlen=20)
        listener = Thread(target=said.extend, args=(running.stderr,), daemon=True)
        listener.start()  # a pipe that nobody reads is full one day, and holds the monitor up
        try:
            yield
        finally:
            running.terminate()
            running.wait()
            listener.join()
            if running.returncode not in (0, 3, -signal.SIGTERM):  # told to end before it worked
                raise StoreError(b"".join(said).decode("utf-8", "replace").strip()[-500:])
