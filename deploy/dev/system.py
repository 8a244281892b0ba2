"""The whole system on this machine: started in order, watched, stopped; one process a service under supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import asyncpg

from dev import children, web
from dev.children import ROOT, NotStarted
from dev.databases import make_databases
from dev.kafka import Kafka
from dev.keys import write_keys
from dev.people import ADMINISTRATOR
from dev.postgres import Postgres
from dev.seed import seed

RUN = ROOT / "run" / "dev"
LOGS = RUN / "logs"
SUPERVISORD = RUN / "supervisord.conf"
#: says what demo data was put in
SEEDED = RUN / "staffed-and-seeded"


def port_base() -> int:
    """Where the ports of this instance begin: where it runs, else where it is told to, else where it ran last."""
    kept, pid, told = RUN / "instance.json", RUN / "supervisord.pid", os.environ.get("KEHU_DEV_PORT_BASE")
    last = json.loads(kept.read_text()).get("port_base", 18000) if kept.exists() else 18000
    with contextlib.suppress(OSError, ValueError):  # it does not run, or has not written its number yet
        if os.fsencode(SUPERVISORD) in Path(f"/proc/{int(pid.read_text())}/cmdline").read_bytes():
            return int(last)
    return int(told or last)


PORT_BASE = port_base()
SUPERVISOR, ISSUER, POSTGRES, KAFKA, CONTROLLER = (PORT_BASE + n for n in (1, 2, 432, 992, 993))
FIRST_SERVICE = PORT_BASE + 100
#: bytes that must be free: new data take a fifth of it, and a database whose disk is full stops
ROOM = 1024**3
_REMEMBERING = threading.Lock()


def services() -> list[str]:
    """Every service of the repository: a folder with a package that can be run."""
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/*/__main__.py") if path.parent.name)


#: the order of the services' addresses; one that is not named here comes after these, by name
PLACES = ("complaint", "customer", "notify", "staff", "archive", "credit", "console")


def place_of(service: str) -> int:
    """Which of the addresses is the service's, the same on every machine with the same services."""
    others = [name for name in services() if name not in PLACES]
    return PLACES.index(service) if service in PLACES else len(PLACES) + others.index(service)


# -- what each process is told -------------------------------------------------------------------


def remembered() -> dict[str, Any]:
    """Ports and passwords of this instance: given once, kept in `run/dev`.

    Steps run side by side and all of them read it: it is replaced as a whole, and only when something is new.
    """
    path = RUN / "instance.json"
    with _REMEMBERING:
        text = path.read_text() if path.exists() else '{"ports": {}, "passwords": {}}'
        known: dict[str, Any] = json.loads(text)
        known["port_base"] = PORT_BASE
        known.setdefault("supervisor", secrets.token_hex(12))
        for name in services():
            known["passwords"].setdefault(name, secrets.token_hex(12))
            if name not in known["ports"]:
                taken = set(known["ports"].values())
                known["ports"][name] = next(n for n in (place_of(name), *range(100)) if n not in taken)
        if json.dumps(known) != text:
            RUN.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(f".{os.getpid()}")
            new.touch(mode=0o600)
            new.write_text(json.dumps(known))
            new.replace(path)
    return known


def port_of(service: str) -> int:
    """Where the service answers; a service keeps its port when others are added."""
    return FIRST_SERVICE + int(remembered()["ports"][service])


def database_url(service: str) -> str:
    """The service's own database, as its own role."""
    password = remembered()["passwords"][service]
    return f"postgresql://kehu_{service}:{password}@127.0.0.1:{POSTGRES}/{service}"


def service_env(service: str) -> dict[str, str]:
    """The settings of a service's process."""
    return {
        "KEHU_ENVIRONMENT": "development",
        "KEHU_DATABASE_URL": database_url(service),
        "KEHU_KAFKA": f"127.0.0.1:{KAFKA}",
        "KEHU_HTTP_PORT": str(port_of(service)),
        "KEHU_GRANTS_FROM": "staff",
        "KEHU_FIRST_ADMINISTRATOR": ADMINISTRATOR,
        "KEHU_ISSUERS": json.dumps([{"issuer": issuer_url()}]),
        "KEHU_TOKEN_ENDPOINT": f"{issuer_url()}/token",
        "KEHU_PEERS": json.dumps({name: f"http://127.0.0.1:{port_of(name)}" for name in services()}),
        "KEHU_MASTER_KEYS_FILE": str(RUN / "keys" / f"{service}-master.json"),
        "KEHU_TOKEN_KEYS_FILE": str(RUN / "keys" / "token.json"),
        "KEHU_TRACE_RATIO": "1.0",
        "KEHU_TRACE_FILE": str(RUN / "traces" / f"{service}.jsonl"),
        "KEHU_POOL_SIZE": "6",
        "KEHU_WEBHOOK_ALLOW_LOOPBACK": "true",
        "KEHU_CONSOLE_URL": f"http://127.0.0.1:{port_of('console')}",
        "KEHU_BLOB_STORE": str(RUN / "blobs" / service),
        "KEHU_AUDIT_KEY_FILE": str(RUN / "keys" / "audit.pem"),
        **children.KEEP_BYTECODE,
    }


# -- supervisor ----------------------------------------------------------------------------------


def write_supervisord(kafka: Kafka, postgres: Postgres) -> None:
    """The programs of the system, none of which starts by itself: the order matters."""
    programs = [
        ("postgres", 10, postgres.command(), "INT"),
        ("kafka", 20, kafka.command(), "TERM"),
        ("issuer", 30, _ours("issuer"), "TERM"),
        *((name, 40, _ours("run", name), "TERM") for name in services()),
    ]
    sections = [
        f"""[supervisord]
nodaemon=true
directory={_escaped(str(RUN))}
logfile={_escaped(str(LOGS / "supervisord.log"))}
pidfile={_escaped(str(RUN / "supervisord.pid"))}
loglevel=warn
[inet_http_server]
port=127.0.0.1:{SUPERVISOR}
username=kehu
password={remembered()["supervisor"]}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    ]
    for name, priority, program, stop in programs:
        # left alone, it would keep its port and nobody could end it
        command = ["setpriv", "--pdeathsig=KILL", *program]
        sections.append(
            f"""[program:{name}]
command={_escaped(" ".join(_quoted(part) for part in command))}
priority={priority}
autostart=false
autorestart=true
startsecs=1
startretries=5
stopsignal={stop}
stopwaitsecs=25
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={_escaped(_escaped(str(LOGS / f"{name}.log")))}
stdout_logfile_maxbytes=50MB
stdout_logfile_backups=2
"""
        )
    SUPERVISORD.touch(mode=0o600)
    SUPERVISORD.write_text("\n".join(sections))


def _ours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dev.system", *arguments]


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(part: str) -> str:
    return f'"{part}"' if " " in part or "=" in part else part


def supervisor() -> Any:
    """The running supervisor's interface; calls raise OSError when there is none."""
    password = remembered()["supervisor"]
    return xmlrpc.client.ServerProxy(f"http://kehu:{password}@127.0.0.1:{SUPERVISOR}/RPC2").supervisor


def is_running() -> bool:
    """Whether this instance is up."""
    try:
        supervisor().getState()
    except (OSError, xmlrpc.client.Error):
        return False
    return True


# -- start and stop ------------------------------------------------------------------------------


def start() -> subprocess.Popen[bytes] | None:
    """Bring everything up, step by step; the supervisor's process, or None when it was up already."""
    if is_running():
        say("already running")
        return None
    for name, port in [("PostgreSQL", POSTGRES), ("Kafka", KAFKA), ("the issuer", ISSUER), ("supervisor", SUPERVISOR),
                       *((name, port_of(name)) for name in services())]:  # fmt: skip
        if children.listens(port):
            raise NotStarted(
                f"Port {port}, where {name} should listen, is in use: stop what listens there, "
                "or choose other ports, for example KEHU_DEV_PORT_BASE=28000 make up"
            )
    LOGS.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(RUN).free
    if free < ROOM:
        raise NotStarted(
            f"Only {free // 1024**2} MB are free on the disk of {RUN}: "
            f"make room for {ROOM // 1024**3} GB and run make again"
        )
    write_keys(RUN / "keys", services())
    with step("Kafka's jars and data"):
        kafka = Kafka.prepared(RUN / "kafka", KAFKA, controller=CONTROLLER)
    if not web.is_built():
        with step("web application"):
            web.build()
    with step("PostgreSQL's data"):
        postgres = Postgres.prepared(RUN / "postgres", POSTGRES)
    write_supervisord(kafka, postgres)
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(SUPERVISORD)]
    daemon = children.start(command, LOGS / "supervisord.log", dies_with_parent=False)
    with contextlib.ExitStack() as undo:
        undo.callback(stop)
        children.wait_until(is_running, daemon, "supervisor", LOGS / "supervisord.log", 20)
        with step("PostgreSQL and Kafka"):
            run_program("postgres", postgres.answers)
            run_program("kafka", lambda: children.listens(KAFKA) and kafka.answers())
        with step("databases, migrations, topics"):
            migrate_all(postgres)
            make_topics()
        with step("services: " + ", ".join(services())):
            run_program("issuer", lambda: children.listens(ISSUER))
            for name in services():
                supervisor().startProcess(name, False)
            for name in services():
                wait_for(name, lambda name=name: ready(name))  # type: ignore[misc]
        if not SEEDED.exists():
            with step("demo data"):
                addresses = {name: f"http://127.0.0.1:{port_of(name)}" for name in services()}
                SEEDED.write_text(seed(addresses, issuer_url()) + "\n")
        undo.pop_all()
    return daemon


def run_program(name: str, is_up: Callable[[], bool]) -> None:
    """Start a program and wait until it is up."""
    supervisor().startProcess(name, False)
    wait_for(name, is_up)


def wait_for(name: str, is_up: Callable[[], bool], within: float = 240) -> None:
    """Return when it is up; `NotStarted` with the end of its log when it dies again and again."""
    deadline = time.monotonic() + within
    while not is_up():
        state = supervisor().getProcessInfo(name)["statename"]
        if state in ("FATAL", "EXITED") or time.monotonic() > deadline:
            log = LOGS / f"{name}.log"
            raise NotStarted(f"{name} does not come up ({state.lower()}); the end of {log}:\n{children.tail(log)}")
        time.sleep(0.1)


def ready(service: str) -> bool:
    """Whether the service takes requests."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port_of(service)}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def migrate_all(postgres: Postgres) -> None:
    """The databases of the services, then their migrations."""
    passwords = remembered()["passwords"]
    asyncio.run(make_databases(postgres.admin_dsn, {name: passwords[name] for name in services()}))
    running = []
    for name in services():
        migrate = [sys.executable, "-m", name, "migrate"]
        running.append((name, children.start(migrate, LOGS / f"{name}-migrate.log", env=service_env(name))))
    for name, migration in running:
        if migration.wait(120) != 0:
            log = LOGS / f"{name}-migrate.log"
            raise NotStarted(f"The migrations of {name} failed; the end of {log}:\n{children.tail(log)}")


def make_topics() -> None:
    """The topics of the registry."""
    from chassis.topics import ensure

    asyncio.run(ensure(f"127.0.0.1:{KAFKA}"))


def stop() -> None:
    """Stop everything and return when it is gone; data stays."""
    if not is_running():
        return
    pid = int((RUN / "supervisord.pid").read_text())
    programs = [program["pid"] for program in supervisor().getAllProcessInfo() if program["pid"]]
    supervisor().shutdown()
    deadline = time.monotonic() + 60
    while _alive(pid):
        if time.monotonic() > deadline:
            # nobody is left to end its programs, which would keep the ports
            for late in (pid, *programs):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(late, signal.SIGKILL)
        time.sleep(0.1)


def _alive(pid: int) -> bool:
    """Whether the process is there; one that is our child is buried."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return Path(f"/proc/{pid}").exists()


def watch(daemon: subprocess.Popen[bytes]) -> None:
    """Say in one sentence when a part dies, until interrupted."""
    told: dict[str, int] = {}
    while daemon.poll() is None:
        for part in supervisor().getAllProcessInfo():
            name, died = part["name"], part["stop"]
            if part["statename"] in ("BACKOFF", "FATAL", "EXITED") and told.get(name) != died:
                told[name] = died
                log = LOGS / f"{name}.log"
                again = (
                    "it is started again"
                    if part["statename"] != "FATAL"
                    else "it stays down: mend it, make down, make up"
                )
                say(f"{name} died ({part['description']}); {again}. The end of {log}:\n{children.tail(log, 4)}")
        time.sleep(1)


# -- what people read ----------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, flush=True)


class step:  # noqa: N801
    """Says what is being done, and how long it took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.monotonic()
        print(f"  {self._name} …", end="", flush=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        print(f" {time.monotonic() - self._began:.1f} s" if kind is None else " failed", flush=True)


def issuer_url() -> str:
    return f"http://127.0.0.1:{ISSUER}"


def welcome() -> None:
    """Where everything is, and how to get a token."""
    say("")
    for name in services():
        say(f"  {name:<12} http://127.0.0.1:{port_of(name)}   (OpenAPI: /openapi.json)")
    say(f"  {'postgres':<12} 127.0.0.1:{POSTGRES}   (make psql s=complaint)")
    say(f"  {'kafka':<12} 127.0.0.1:{KAFKA}")
    say(f"\nOpen:     http://127.0.0.1:{port_of('console')}   (the console; sign in as whom you like)")
    say(f"A token:  curl -s {issuer_url()}/token -d sub=agent-7   (or clerk-1, gm-1, {ADMINISTRATOR}: GET /v1/people)")
    say("Then:     make demo, make status, make logs s=complaint, make down\n")


def main(arguments: Sequence[str]) -> int:
    """`python -m dev.system dev|up|down|reset|status|logs|psql|operate|rebuild …`; one sentence when it cannot."""
    command, *rest = arguments or ["help"]
    try:
        match command:
            case "dev":
                run_in_foreground()
            case "up":
                start()
                welcome()
            case "down":
                stop()
                say("stopped; the data is kept in run/dev")
            case "reset":
                stop()
                if RUN.exists():
                    shutil.rmtree(RUN)
                say("stopped; its data in run/dev is deleted, and what comes next begins anew: make up")
            case "status":
                from dev import status

                status.show()
            case "logs":
                log = LOGS / f"{one_of(rest, [*services(), 'postgres', 'kafka', 'issuer'])}.log"
                os.execvp("tail", ["tail", "-n", "200", "-F", str(log)])
            case "psql":
                from dev.postgres import bin_dir

                shell, url = str(bin_dir() / "psql"), database_url(one_of(rest))
                must_run()
                os.execv(shell, [shell, url])
            case "run":
                os.environ.update(service_env(rest[0]))
                os.execv(sys.executable, [sys.executable, "-m", rest[0], "all"])
            case "issuer":
                os.environ |= {"KEHU_ENVIRONMENT": "development", **children.KEEP_BYTECODE}
                key = str(RUN / "keys" / "issuer.json")
                os.execv(
                    sys.executable,
                    [sys.executable, "-m", "chassis.dev_issuer", "--port", str(ISSUER), "--key-file", key],
                )
            case "operate":
                operate(one_of(rest), rest[1:])
            case "rebuild":
                service, _, copy = (rest or [""])[0].partition(".")
                if service not in services() or not copy:
                    raise NotStarted(f"Name a local copy: p= one of {', '.join(copies())}")
                operate(service, ["rebuild", copy])
            case _:
                say("usage: python -m dev.system dev|up|down|reset|status|logs|psql|operate|rebuild")
                return 2
    except NotStarted as problem:
        say(f"\n{problem}")
        return 1
    except asyncpg.PostgresError as problem:
        say(f"\nPostgreSQL broke off ({problem}): make logs s=postgres says why. Mend it and run make again.")
        return 1
    except KeyboardInterrupt:
        say("\nbroken off")
        return 1
    except BrokenPipeError:  # whoever read what we say has gone: `make status | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as problem:
        say(f"\n{problem.strerror or problem}: {problem.filename or ''}. Mend it and run make again.")
        return 1
    return 0


def operate(service: str, arguments: Sequence[str]) -> NoReturn:
    """Become the service's command line, once it is sure what is asked of it."""
    match arguments:
        case ["unpark", identifier] if identifier.isdecimal() or identifier == "all":
            pass
        case ["drop", identifier, _] if identifier.isdecimal():
            pass
        case ["unpark", *_]:
            raise NotStarted(f"Name a message: id= as `make parked s={service}` lists it, or id=all")
        case ["drop", *_]:
            raise NotStarted(f"Name a message: id= as `make parked s={service}` lists it")
    must_run()
    os.environ.update(service_env(service))
    os.execv(sys.executable, [sys.executable, "-m", service, *arguments])


def copies() -> list[str]:
    """The local copies that can be built anew, as `make rebuild` takes them."""
    declared = {name: import_module(f"{name}.app").service for name in services()}
    return [f"{name}.{copy}" for name, app in declared.items() for copy in sorted(p.name for p in app.projections)]


def must_run() -> None:
    """NotStarted unless this instance is up."""
    if not is_running():
        raise NotStarted("The system is not running: make up")


def one_of(rest: Sequence[str], names: Sequence[str] | None = None) -> str:
    """The service that was named; NotStarted when it is none."""
    names = services() if names is None else names
    if not rest or rest[0] not in names:
        raise NotStarted(f"Name a service: s= one of {', '.join(names)}")
    return rest[0]


def run_in_foreground() -> None:
    """Until Ctrl-C, a closed terminal or SIGTERM; the system stops with it."""
    daemon: subprocess.Popen[bytes] | None = None
    try:
        daemon = start()
        welcome()
        if daemon is not None:
            watch(daemon)
    except KeyboardInterrupt:
        pass
    finally:
        if daemon is not None:
            say("\nstopping …")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stop()
            say("stopped; the data is kept in run/dev")


def entered(arguments: Sequence[str]) -> int:
    """`main`, ended by SIGTERM and by a terminal that is closed as by Ctrl-C."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, signal.default_int_handler)
    return main(arguments)


if __name__ == "__main__":
    sys.exit(entered(sys.argv[1:]))
