//! `mfnet explain`.

use crate::args::ExplainArgs;
use crate::failure::Failure;

pub(crate) fn run(_args: &ExplainArgs) -> Result<(), Failure> {
    Err(Failure::work("not merged yet"))
}
