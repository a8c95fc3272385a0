"""Runs a command with DATABASE_URL set to a PostgreSQL of its own: `python crm/tests/with_postgres.py COMMAND...`.

The server is made in a temporary folder, listens on a socket in there alone, and is gone when the command ends. It
needs the programs of PostgreSQL, such as the package `postgresql` of Debian. The command `python` is the interpreter
that runs this.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def programs() -> Path:
    """The folder of `initdb` and `pg_ctl`. Debian does not put it on the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        sys.exit("PostgreSQL is not installed: there is no program `initdb`")
    return folders[-1]


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_server: list[str] = []
        if os.getuid() == 0:
            # The server refuses to run as root.
            shutil.chown(folder, "postgres")
            as_server = ["runuser", "-u", "postgres", "--"]

        def run(program: str, *arguments: str) -> None:
            command = [*as_server, str(programs() / program), *arguments]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        data = str(folder / "data")
        run("initdb", "--auth=trust", "--username=crm", "--no-sync", "--pgdata", data)
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "log"), "--options", options)
        try:
            url = f"postgresql+psycopg://crm@/postgres?host={folder}"
            return subprocess.run(command, env={**os.environ, "DATABASE_URL": url}).returncode
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=fast", "--pgdata", data)


if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    sys.exit(main([sys.executable if program == "python" else program, *arguments]))
