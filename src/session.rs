//! Login, relogin and liveness as a pure state machine.
