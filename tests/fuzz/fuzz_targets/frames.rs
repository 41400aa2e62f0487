#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rtm_client::fuzz::frames(data));
