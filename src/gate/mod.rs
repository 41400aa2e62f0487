//! The local gate: a real server over real WebSockets that behaves like the service.
