//! Service configs of any text: nothing panics, and what is taken answers for every method.
#![no_main]

use russet_rpc::service_config::ServiceConfig;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match ServiceConfig::parse(text) {
        Ok(config) => {
            for path in ["/shop.Orders/Place", "/shop.Orders/", "/", "", "/a/b/c"] {
                let _policy = config.method(path);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
