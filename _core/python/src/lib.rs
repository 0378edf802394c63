//! `gateway._core`: the thin Python shell around the engine.
