fn main() {
    println!("cargo::rerun-if-changed=../bench.proto");
    let files = protox::compile(["bench.proto"], [".."]).expect("bench.proto compiles");
    tonic_prost_build::configure().build_client(false).compile_fds(files).expect("the stubs can be written");
}
