//! The `floe` binary.

fn main() -> std::process::ExitCode {
    floe_cli::main()
}
