use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Result;
use crate::layer::{Activation, Layer};
use crate::loss::{Loss, LossName};
use crate::tensor::{Dtype, Scalar};

/// The custom layers, activations and losses that a model file may name. A model with a custom
/// layer can be saved if [`Layer::stored`] returns its form; [`crate::Model::load_with`] loads it.
///
/// ```
/// use mfnet::Activation;
/// use mfnet::model::Registry;
/// let square = Activation::custom("square", |z: f64| z * z, |z| 2.0 * z);
/// let registry = Registry::new().activation(square);
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    entries: HashMap<(Kind, Dtype, String), Arc<dyn Any + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Layer,
    Activation,
    Loss,
}

/// Makes a layer from its stored settings.
type Constructor<T> = Box<dyn Fn(&Value) -> Result<Box<dyn Layer<T>>> + Send + Sync>;

impl Registry {
    /// A registry without custom items.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a layer that is stored under this name. `make` gets its settings; parameters and
    /// buffers are read afterwards.
    pub fn layer<T: Scalar>(
        self,
        name: &str,
        make: impl Fn(&Value) -> Result<Box<dyn Layer<T>>> + Send + Sync + 'static,
    ) -> Self {
        let constructor: Constructor<T> = Box::new(make);
        self.with::<T>(Kind::Layer, name, constructor)
    }

    /// Adds a custom activation, under its label.
    pub fn activation<T: Scalar>(self, activation: Activation<T>) -> Self {
        let label = activation.label().to_owned();
        self.with::<T>(Kind::Activation, &label, activation)
    }

    /// Adds a custom loss, under its name, for [`crate::Model::evaluate_loss`].
    pub fn loss<T: Scalar>(self, loss: impl Loss<T> + 'static) -> Self {
        let name = loss.name().to_owned();
        let loss: Arc<dyn Loss<T>> = Arc::new(loss);
        self.with::<T>(Kind::Loss, &name, loss)
    }

    fn with<T: Scalar>(mut self, kind: Kind, name: &str, entry: impl Any + Send + Sync) -> Self {
        self.entries.insert((kind, T::DTYPE, name.to_owned()), Arc::new(entry));
        self
    }

    fn find<T: Scalar, E: Any>(&self, kind: Kind, name: &str) -> Option<&E> {
        self.entries.get(&(kind, T::DTYPE, name.to_owned()))?.downcast_ref()
    }

    /// Makes a layer; `None` for an unknown name.
    pub(super) fn make_layer<T: Scalar>(&self, name: &str, settings: &Value) -> Option<Result<Box<dyn Layer<T>>>> {
        self.find::<T, Constructor<T>>(Kind::Layer, name).map(|make| make(settings))
    }

    /// The built-in or registered activation with this label.
    pub(super) fn find_activation<T: Scalar>(&self, label: &str) -> Option<Activation<T>> {
        Activation::from_label(label).or_else(|| self.find::<T, Activation<T>>(Kind::Activation, label).cloned())
    }

    /// The built-in or registered loss with this name.
    pub(super) fn find_loss<T: Scalar>(&self, name: &str) -> Option<Arc<dyn Loss<T>>> {
        let registered = || self.find::<T, Arc<dyn Loss<T>>>(Kind::Loss, name).cloned();
        name.parse().ok().map(|name: LossName| Arc::from(name.loss())).or_else(registered)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}
