//! The module for Python: its wheel is built, installed into an empty environment, and tested from there.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Outcome;
use crate::places::{Places, cannot, entries, run};

/// The most that a wheel may weigh, in bytes.
const WHEEL: u64 = 15_000_000;

/// The tests of the module, its types, and its stubs.
pub(crate) fn module(places: &Places) -> Outcome {
    let environment = Environment::with_the_module(places, "test")?;
    let python = |arguments: &[&str]| run(environment.program("python").args(arguments));
    python(&["-m", "pytest", "-q", "-p", "no:cacheprovider"])?;
    python(&["-m", "mypy", "--strict", "tests"])?;
    python(&["-m", "mypy.stubtest", "recoup", "--allowlist", "stubtest_allowed.txt"])
}

/// The tests whose counts are small in the gate, with their long counts.
pub(crate) fn soak(places: &Places) -> Outcome {
    let environment = Environment::with_the_module(places, "test")?;
    let mut pytest = environment.program("python");
    pytest.args(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/test_soak.py"]);
    run(pytest.env("RECOUP_SOAK", "1"))
}

/// A virtual environment of Python, in which the module is installed.
struct Environment {
    folder: PathBuf,
    /// Where programs run.
    sources: PathBuf,
}

impl Environment {
    /// A new environment with the wheel of the module, and the libraries that it names for one purpose.
    fn with_the_module(places: &Places, purpose: &str) -> Outcome<Environment> {
        let is_new_enough = "import sys; sys.exit(sys.version_info < (3, 11))";
        run(Command::new("python3").args(["-c", is_new_enough]))
            .map_err(|message| format!("Python 3.11 or newer is needed: {message}"))?;
        let folder = places.scratch.join("python");
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let environment = Environment { folder, sources: places.root.join("bindings/python") };
        let mut wheel = environment.wheel(places)?.into_os_string();
        wheel.push(format!("[{purpose}]"));
        environment.install(&wheel)?;
        Ok(environment)
    }

    /// Builds the wheel.
    fn wheel(&self, places: &Places) -> Outcome<PathBuf> {
        self.install(&"maturin>=1.9,<2".into())?;
        let wheels = self.folder.join("wheels");
        let mut maturin = self.program("maturin");
        maturin.args(["build", "--quiet", "--release", "--locked", "--interpreter"]).arg(self.path("python"));
        run(maturin.env("CARGO_TARGET_DIR", &places.target).arg("--out").arg(&wheels))?;
        let [wheel] = <[PathBuf; 1]>::try_from(entries(&wheels)?.into_iter().collect::<Vec<PathBuf>>())
            .map_err(|found| format!("one wheel was to be built, but there are {}", found.len()))?;
        let size = fs::metadata(&wheel).map_err(|error| cannot("read", &wheel, &error))?.len();
        println!("the wheel has {:.1} MB", size as f64 / 1e6);
        if size > WHEEL {
            return Err(format!("the wheel has {size} bytes, more than {WHEEL}"));
        }
        Ok(wheel)
    }

    fn install(&self, what: &OsString) -> Outcome {
        run(self.program("python").args(["-m", "pip", "install", "--quiet"]).arg(what))
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
        program.env_remove("RECOUP_SOAK").current_dir(&self.sources);
        program
    }
}
