fn main() {
    println!("cargo::rerun-if-changed=../polyglot.proto");
    let files = protox::compile(["polyglot.proto"], [".."]).expect("polyglot.proto compiles");
    tonic_prost_build::configure()
        .compile_fds(files)
        .expect("the stubs can be written");
}
