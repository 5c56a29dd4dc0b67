"""`make run`: prepare, start every process of the Procfile, wait until all live, say where.

Arguments set how many of a process there are: `worker=2 flower=0`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from honcho.environ import expand_processes, parse_procfile

from config import env
from scripts import health, ports, preflight, redis_server
from scripts.flower_login import credentials
from scripts.keeper import Keeper
from scripts.prepare import prepare

HEALTHY_SECONDS = 60.0
REDIS = "redis.1"


def main(arguments: list[str]) -> int:
    """Run everything until Ctrl-C; 0 if it was asked to stop, 1 if something did not work."""
    procfile = parse_procfile((env.ROOT / "Procfile").read_text(encoding="utf-8")).processes
    counts = _counts(arguments, procfile)
    var = env.folder("VAR_DIR", env.ROOT / "var")
    with preflight.alone(var):
        preflight.require_ports(counts)
        if redis_url := env.text("REDIS_URL"):
            preflight.require_redis(redis_url)
            counts["redis"] = 0
        keeper = Keeper(patience=env.seconds("STOP_SECONDS", 25) + 10)
        keeper.listen_to_signals()
        try:
            why = _run(keeper, procfile, counts, var)
        finally:
            keeper.say("stopping")
            keeper.stop(last=frozenset({REDIS}))
    if problem := why or keeper.failed:
        print(f"Hachi stopped: {problem}", file=sys.stderr)
        return 1
    print("Hachi has stopped.")
    return 0


def _counts(arguments: list[str], procfile: dict[str, str]) -> dict[str, int]:
    counts = dict.fromkeys(procfile, 1)
    for argument in arguments:
        name, _, number = argument.partition("=")
        if name not in procfile or not number.isdigit():
            raise SystemExit(f"{argument!r} is not one of {', '.join(procfile)} with =NUMBER.")
        if int(number) > 1 and name != "worker":
            raise SystemExit(f"{argument!r}: only worker can be there more than once.")
        counts[name] = int(number)
    return counts


def _run(keeper: Keeper, procfile: dict[str, str], counts: dict[str, int], var: Path) -> str:
    """Start all, Redis first, and keep them up; what is wrong if not all are well in time."""
    processes = expand_processes(procfile, concurrency=counts)
    note = var / redis_server.NOTE
    note.unlink(missing_ok=True)  # left behind by a runner that was killed
    keeper.start(one for one in processes if one.name == REDIS)
    told = prepare()
    why = ""
    if counts["redis"]:
        why = keeper.wait_for(lambda: redis_server.noted_problem(note), seconds=HEALTHY_SECONDS)
    if not (why or keeper.stopping):
        keeper.start(one for one in processes if one.name != REDIS)
        why = keeper.wait_for(_first_problem(counts), seconds=HEALTHY_SECONDS)
    if why or keeper.stopping:
        keeper.say(told)  # said a single time, so also when the start did not work
        return why
    print(_welcome(counts, told), flush=True)
    keeper.watch()
    return ""


def _first_problem(counts: dict[str, int]) -> Callable[[], str]:
    """Asks what was started, and says what is not well yet."""
    checks: list[Callable[[], str]] = []
    if counts["flower"]:
        checks.append(health.flower_problem)
    if counts["web"]:
        complete = counts["worker"] and counts["beat"]
        checks.append(health.site_problem if complete else health.web_problem)
    return lambda: next(filter(None, (check() for check in checks)), "")


def _welcome(counts: dict[str, int], told: str) -> str:
    site = f"http://{ports.LOOPBACK}:{env.integer('PORT', 8000)}"
    lines = ["", "Hachi is running.", f"  Pages   {site}/", f"  Admin   {site}/admin/"]
    if counts["flower"]:
        user, password = credentials()
        flower = f"http://{ports.LOOPBACK}:{env.integer('FLOWER_PORT', 5555)}/"
        lines.append(f"  Flower  {flower}  (user {user}, password {password})")
    return "\n".join([*lines, *([told] if told else []), "Ctrl-C stops everything.", ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
