use std::time::{Duration, Instant};

/// How long the phases of all steps of a training took together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    /// Samples become a batch.
    pub gather: Duration,
    /// A⁽ˡ⁾ = g(W A⁽ˡ⁻¹⁾) of all layers.
    pub forward: Duration,
    /// J and ∂J/∂Ŷ.
    pub loss: Duration,
    /// Wᵀ Δ ⊙ g′ of all layers but the first.
    pub input_gradients: Duration,
    /// Δ Aᵀ of all layers, and the rule.
    pub updates: Duration,
}

/// Laps of a stopwatch that may be off.
#[derive(Clone, Debug)]
pub(super) struct Stopwatch {
    last: Option<Instant>,
    pub(super) phases: Phases,
}

impl Stopwatch {
    pub(super) fn off() -> Self {
        Stopwatch { last: None, phases: Phases::default() }
    }

    pub(super) fn on() -> Self {
        Stopwatch { last: Some(Instant::now()), phases: Phases::default() }
    }

    pub(super) fn is_on(&self) -> bool {
        self.last.is_some()
    }

    /// What follows counts from now.
    pub(super) fn start(&mut self) {
        self.last = self.last.map(|_| Instant::now());
    }

    /// What was done since the last call belongs to this phase.
    pub(super) fn lap(&mut self, phase: fn(&mut Phases) -> &mut Duration) {
        if let Some(last) = self.last {
            let now = Instant::now();
            *phase(&mut self.phases) += now - last;
            self.last = Some(now);
        }
    }
}
