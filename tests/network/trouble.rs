//! Connections that end badly: half open, reset, cut in the middle of a frame, closed without a word.

use std::time::Duration;

use rtm_client::RegressiveStrategy;

use crate::certificates::{Authority, accept_login, server};
use crate::common::PID;
use crate::common::package::{self, map, server_time};
use crate::common::peer::Peer;
use crate::common::record::Event;
use crate::{done, login};
use rtm_client::ClientOptions;
