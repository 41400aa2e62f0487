//! The calls of the SDK, one file a page of its documentation.

mod rooms;
