#![no_main]

include!("table.in.rs");
