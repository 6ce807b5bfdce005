//! What people look at.

mod walkthrough;

pub use walkthrough::Walkthrough;
