//! The module for Python: its wheel is built, installed into an empty environment, and tested from there, with the
//! examples in Python and on Spark.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::places::{Places, cannot, entries, run, run_quietly};

/// The most that a wheel may weigh, in bytes.
const WHEEL: u64 = 15_000_000;

/// The tests that need Spark, which are a step of their own.
const SPARK: &str = "tests/spark";

/// The tests of the module, its types, and its stubs.
pub(crate) fn module(places: &Places) -> Outcome {
    let environment = Environment::with_the_module(places)?;
    environment.pytest(&["--ignore", SPARK])?;
    let python = |arguments: &[&str]| run(environment.program("python").args(arguments));
    python(&["-m", "mypy", "--strict", "tests", "--exclude", SPARK])?;
    let stubs = ["--allowlist", "stubtest_allowed.txt", "--mypy-config-file", "pyproject.toml"];
    python(&[&["-m", "mypy.stubtest", "recoup"], stubs.as_slice()].concat())
}

/// The programs in Python that show how the module is used; the CRM in a browser, and on PostgreSQL too.
pub(crate) fn examples(places: &Places) -> Outcome {
    installed(&[("chromium", "chromium"), ("chromedriver", "chromium-driver")])?;
    if !Path::new("/usr/lib/postgresql").is_dir() {
        installed(&[("initdb", "postgresql")])?;
    }
    let environment = Environment { sources: places.root.join("examples/python"), ..Environment::of(places) };
    environment.install(&["-r".into(), environment.sources.join("requirements-test.txt").into_os_string()])?;
    environment.pytest(&[])?;
    let with_postgres = ["crm/tests/with_postgres.py", "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "crm"];
    run(environment.program("python").args(with_postgres))?;
    run(environment.program("python").args(["-m", "mypy", "."]))
}

/// The benchmarks in Python, without the clock: all contenders decide as they should.
pub(crate) fn benches(places: &Places) -> Outcome {
    let environment = Environment { sources: places.root.join("benches/python"), ..Environment::of(places) };
    environment.install(&["-r".into(), environment.sources.join("requirements.txt").into_os_string()])?;
    run(environment.program("python").args(["bench.py", "--quick"]))?;
    run(environment.program("python").args(["tables.py", "--quick"]))
}

/// The tests on a small cluster of Spark.
pub(crate) fn spark(places: &Places) -> Outcome {
    installed(&[("java", "openjdk-17-jre-headless")])?;
    let environment = Environment::of(places);
    environment.install(&[environment.built_wheel("spark")?])?;
    environment.pytest(&[SPARK])?;
    run(environment.program("python").args(["-m", "mypy", "--strict", SPARK]))
}

/// The tests whose counts are small in the gate, with their long counts.
pub(crate) fn soak(places: &Places) -> Outcome {
    let environment = Environment::with_the_module(places)?;
    let mut python = environment.program("python");
    python.args(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/test_soak.py"]);
    run(python.env("RECOUP_SOAK", "1"))
}

/// Installs the packages of programs that are not there, where this machine lets us.
fn installed(programs: &[(&str, &str)]) -> Outcome {
    let is_there = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = |message: String| format!("{message}; install {} by hand", missing.join(", "));
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        run_quietly(apt.args(["-qq", "-y"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive"), 0)
    };
    apt(&["update"]).map_err(by_hand)?;
    apt(&[&["install", "--no-install-recommends"], missing.as_slice()].concat()).map_err(by_hand).map(|_| ())
}

/// A virtual environment of Python, in which the module is installed.
struct Environment {
    folder: PathBuf,
    /// Where programs run.
    sources: PathBuf,
}

impl Environment {
    /// Where the environment of this run is, or will be.
    fn of(places: &Places) -> Environment {
        Environment { folder: places.scratch.join("python"), sources: places.root.join("bindings/python") }
    }

    /// A new environment with the wheel of the module, and what its tests need.
    fn with_the_module(places: &Places) -> Outcome<Environment> {
        let is_new_enough = "import sys; sys.exit(sys.version_info < (3, 11))";
        run(Command::new("python3").args(["-c", is_new_enough]))
            .map_err(|message| format!("Python 3.11 or newer is needed: {message}"))?;
        let environment = Environment::of(places);
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment.folder))?;
        environment.build(places)?;
        environment.install(&[environment.built_wheel("test")?])?;
        Ok(environment)
    }

    /// Builds the wheel.
    fn build(&self, places: &Places) -> Outcome {
        self.install(&["maturin>=1.9,<2".into()])?;
        let mut maturin = self.program("maturin");
        maturin.args(["build", "--quiet", "--release", "--locked", "--interpreter"]).arg(self.path("python"));
        run(maturin.env("CARGO_TARGET_DIR", &places.target).arg("--out").arg(self.folder.join("wheels")))?;
        let wheel = PathBuf::from(self.built_wheel("")?);
        let size = fs::metadata(&wheel).map_err(|error| cannot("read", &wheel, &error))?.len();
        println!("the wheel has {:.1} MB", size as f64 / 1e6);
        if size > WHEEL {
            return Err(format!("the wheel has {size} bytes, more than {WHEEL}"));
        }
        Ok(())
    }

    /// The wheel, with what it needs for a purpose that it names.
    fn built_wheel(&self, purpose: &str) -> Outcome<OsString> {
        let wheels: Vec<PathBuf> = entries(&self.folder.join("wheels"))?.into_iter().collect();
        let [wheel] = <[PathBuf; 1]>::try_from(wheels)
            .map_err(|found| format!("one wheel was to be built, but there are {}", found.len()))?;
        let mut wheel = wheel.into_os_string();
        if !purpose.is_empty() {
            wheel.push(format!("[{purpose}]"));
        }
        Ok(wheel)
    }

    fn install(&self, what: &[OsString]) -> Outcome {
        run(self.program("python").args(["-m", "pip", "install", "--quiet"]).args(what))
    }

    fn pytest(&self, what: &[&str]) -> Outcome {
        run(self.program("python").args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(what))
    }

    fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
        folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A program of the environment.
    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.path(name));
        // What the tools keep for the next time would lie beside the sources.
        program.env("PYTHONDONTWRITEBYTECODE", "1").env("MYPY_CACHE_DIR", self.folder.join("mypy"));
        program.env("HYPOTHESIS_STORAGE_DIRECTORY", self.folder.join("hypothesis"));
        program.env_remove("RECOUP_SOAK").env_remove("UPDATE_EXPECT").current_dir(&self.sources);
        // What a program starts in its turn is found here first.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.path("").parent().map(PathBuf::from).into_iter().chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            program.env("PATH", path);
        }
        program
    }
}
