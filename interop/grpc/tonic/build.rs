fn main() {
    println!("cargo::rerun-if-changed=../interop.proto");
    let files = protox::compile(["interop.proto"], [".."]).expect("interop.proto compiles");
    tonic_prost_build::configure()
        .compile_fds(files)
        .expect("the stubs can be written");
}
