use std::time::{Duration, Instant};

/// Total time of each phase over all steps of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    /// Gathering samples into a batch.
    pub gather: Duration,
    /// Forward pass: A⁽ˡ⁾ = g(W A⁽ˡ⁻¹⁾) of all layers.
    pub forward: Duration,
    /// Loss and its gradient: J and ∂J/∂Ŷ.
    pub loss: Duration,
    /// Input gradients: Wᵀ Δ ⊙ g′ of all layers but the first.
    pub input_gradients: Duration,
    /// Weight gradients Δ Aᵀ of all layers, and the optimizer's updates.
    pub updates: Duration,
}

/// A stopwatch with laps, which may be off.
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

    /// Starts a lap.
    pub(super) fn start(&mut self) {
        self.last = self.last.map(|_| Instant::now());
    }

    /// Ends a lap, and adds its time to this phase.
    pub(super) fn lap(&mut self, phase: fn(&mut Phases) -> &mut Duration) {
        if let Some(last) = self.last {
            let now = Instant::now();
            *phase(&mut self.phases) += now - last;
            self.last = Some(now);
        }
    }
}
