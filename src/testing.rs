//! What the tests of the modules share.

use proptest::prelude::ProptestConfig;

/// How many cases a property is tried with: few, or many where `RTM_FULL` is set, as `.ci/run` sets it.
pub(crate) fn few_or_many(few: u32, many: u32) -> ProptestConfig {
    let cases = if std::env::var_os("RTM_FULL").is_some() { many } else { few };
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}
