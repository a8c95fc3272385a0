fn main() -> std::process::ExitCode {
    recoup_cli::main(std::env::args_os())
}
