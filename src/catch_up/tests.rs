use super::*;

mod schedules;
