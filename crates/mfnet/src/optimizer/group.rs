use serde::{Deserialize, Serialize};

use super::{ParameterKind, require};
use crate::error::{Error, Result};

/// A learning rate and a weight decay for some of the parameters: those of a layer, of a kind, or
/// both.
///
/// ```
/// use mfnet::{Adam, Optimizer};
/// use mfnet::optimizer::{Group, ParameterKind};
/// // the last layer learns at a tenth of the rate, and biases decay too
/// let optimizer: Optimizer = Optimizer::new(Adam::default(), 1e-3)
///     .weight_decay(0.1)
///     .group(Group { layer: Some(2), rate: 0.1, ..Group::default() })
///     .group(Group { kind: Some(ParameterKind::Biases), decay: Some(1.0), ..Group::default() });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The layer, numbered as in [`crate::layer::Context::layer`] and in the printed network;
    /// `None` for all layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// The kind of parameter; `None` for all kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ParameterKind>,
    /// Factor of the learning rate. The factors of several groups multiply.
    pub rate: f64,
    /// Factor of the weight decay; the last group with a factor counts. If no group has one, it is
    /// 1 for weights and embeddings, and 0 for biases and scales.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
}

impl Default for Group {
    /// All parameters, with nothing changed.
    fn default() -> Self {
        Group { layer: None, kind: None, rate: 1.0, decay: None }
    }
}

/// Factors of the learning rate and the weight decay of some weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factors {
    pub(super) rate: f64,
    pub(super) decay: f64,
}

impl Group {
    pub(super) fn check(&self) -> Result<()> {
        for (name, factor) in [("learning rate of a group", Some(self.rate)), ("weight decay of a group", self.decay)] {
            let factor = factor.unwrap_or(1.0);
            require(name, factor, factor.is_finite() && factor >= 0.0, "a factor of 0 or more")?;
        }
        Ok(())
    }

    /// Checks that the layer has parameters of the kind. `kinds` has the name of each layer and the
    /// kinds of its parameters.
    pub(super) fn check_layer(&self, kinds: &[(String, Vec<ParameterKind>)]) -> Result<()> {
        let fits = |kinds: &[ParameterKind]| self.kind.is_none_or(|kind| kinds.contains(&kind)) && !kinds.is_empty();
        let what = self.kind.map_or("parameters", ParameterKind::word);
        match self.layer {
            None if kinds.iter().any(|(_, kinds)| fits(kinds)) => Ok(()),
            None => Err(Error::invalid("kind of a group", "one that a layer has", what)),
            Some(layer) => match kinds.get(layer) {
                Some((_, kinds)) if fits(kinds) => Ok(()),
                Some((name, _)) => {
                    let found = format!("layer {layer}, {name}, which has no {what}");
                    Err(Error::invalid("layer of a group", format!("one that has {what}"), found))
                }
                None => {
                    let expected = format!("one of {} layers, counted from 0", kinds.len());
                    Err(Error::invalid("layer of a group", expected, layer))
                }
            },
        }
    }

    /// The factors of the parameters of a layer and a kind, from all groups.
    pub(super) fn factors(groups: &[Group], layer: usize, kind: ParameterKind) -> Factors {
        let spared = matches!(kind, ParameterKind::Biases | ParameterKind::Scales);
        let all = Factors { rate: 1.0, decay: if spared { 0.0 } else { 1.0 } };
        let mine = groups
            .iter()
            .filter(|group| group.layer.is_none_or(|of| of == layer) && group.kind.is_none_or(|of| of == kind));
        mine.fold(all, |Factors { rate, decay }, group| Factors {
            rate: rate * group.rate,
            decay: group.decay.unwrap_or(decay),
        })
    }
}
