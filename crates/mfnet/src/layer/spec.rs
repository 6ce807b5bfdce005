//! [`LayerSpec`]: a layer without its numbers. Recipes, the builder, model files and the PyTorch
//! program use it.

use serde::{Deserialize, Serialize};

use super::any::layers;
use super::{Activation, ActivationName, AnyLayer};
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Scalar;

/// The settings of a layer of the library, and its PyTorch module.
pub(crate) trait Settings {
    /// The layer.
    type Of<T: Scalar>: Into<AnyLayer<T>>;

    /// Checks everything that can be checked without the number of input features.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for an invalid setting.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Makes the layer with its initial parameters, for this number of input features. The settings
    /// are checked before.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] if the settings are for another number of features.
    fn layer<T: Scalar>(&self, features: usize) -> Result<Self::Of<T>>;

    /// Describes the layer in a few words.
    fn words(&self) -> String;

    /// The call that makes the module in PyTorch.
    fn torch(&self) -> String;

    /// The code of that module's class, if PyTorch does not have it.
    const TORCH_CLASS: &'static str = "";

    /// A matrix whose size does not follow from the layer's input: its name and its shape. A file
    /// must contain it before memory is taken.
    fn tensor(&self) -> Option<(&'static str, [usize; 2])> {
        None
    }
}

/// A layer that can return its settings.
pub(crate) trait HasSettings {
    type Settings;
    fn settings(&self) -> Self::Settings;
}

/// The number of features of a layer; if it is given, it must be that of the input.
pub(super) fn features_of(layer: &'static str, given: Option<usize>, features: usize) -> Result<usize> {
    match given {
        Some(given) if given != features => Err(Error::shape(layer, format!("{given} input features"), features)),
        _ => Ok(features),
    }
}

/// Returns an error unless a setting is a positive number.
pub(super) fn positive(what: &'static str, x: f64) -> Result<()> {
    if x > 0.0 && x.is_finite() { Ok(()) } else { Err(Error::invalid(what, "a positive number", x)) }
}

macro_rules! layer_spec {
    ($($(#[$doc:meta])* $layer:ident($type:ty) from $settings:ty;)*) => {
        /// A layer without its numbers. Recipes and model files write it as a table: `{ kind = "dropout", p = 0.2 }`.
        ///
        /// ```
        /// use mfnet::layer::LayerSpec;
        /// use mfnet::{NeuralNetwork, Seed};
        /// let layers = [r#"{"kind": "linear", "outputs": 8}"#, r#"{"kind": "layer-norm"}"#, r#"{"kind": "dropout", "p": 0.2}"#];
        /// let mut builder = NeuralNetwork::builder(3);
        /// for layer in layers {
        ///     builder = builder.spec(serde_json::from_str::<LayerSpec>(layer)?);
        /// }
        /// assert_eq!(builder.build(Seed(0))?.parameter_count(), 3 * 8 + 8 + 2 * 8);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
        #[serde(expecting = "a table such as { kind = \"linear\", outputs = 8 }")]
        #[non_exhaustive]
        pub enum LayerSpec {
            /// [`Linear`](super::Linear).
            Linear {
                /// Input features; `None` for those of the layer before.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                inputs: Option<usize>,
                /// Output features.
                outputs: usize,
            },
            /// [`Activation`].
            Activation {
                /// Its label.
                function: String,
            },
            /// [`Residual`](super::Residual).
            Residual {
                /// The layers of f.
                layers: Vec<LayerSpec>,
            },
            $($(#[$doc])* $layer($settings),)*
            /// A layer of your own.
            Registered {
                /// The name under which a [`Registry`](crate::model::Registry) makes it.
                name: String,
                /// Its settings.
                settings: serde_json::Value,
            },
        }

        impl LayerSpec {
            /// The settings of a layer of the table; `None` for the variants before and after the
            /// table.
            fn of_table<T: Scalar>(layer: &AnyLayer<T>) -> Option<Self> {
                match layer {
                    $(AnyLayer::$layer(layer) => Some(LayerSpec::$layer(layer.settings())),)*
                    _ => None,
                }
            }

            /// Makes a layer of the table with its initial parameters; `None` for the variants
            /// before and after the table.
            pub(crate) fn start<T: Scalar>(&self, features: usize) -> Option<Result<AnyLayer<T>>> {
                match self {
                    $(LayerSpec::$layer(settings) => {
                        Some(settings.check().and_then(|()| settings.layer::<T>(features)).map(Into::into))
                    })*
                    _ => None,
                }
            }

            /// See [`Settings::check`].
            fn check_of_table(&self) -> Result<()> {
                match self {
                    $(LayerSpec::$layer(settings) => settings.check(),)*
                    _ => Ok(()),
                }
            }

            /// See [`Settings::words`].
            fn words_of_table(&self) -> Option<String> {
                match self {
                    $(LayerSpec::$layer(settings) => Some(settings.words()),)*
                    _ => None,
                }
            }

            /// See [`Settings::tensor`].
            pub(crate) fn tensor(&self) -> Option<(&'static str, [usize; 2])> {
                match self {
                    $(LayerSpec::$layer(settings) => settings.tensor(),)*
                    _ => None,
                }
            }

            /// The call that makes the PyTorch module, and the code of its class, if PyTorch does
            /// not have it.
            fn torch_of_table(&self) -> Option<(String, &'static str)> {
                match self {
                    $(LayerSpec::$layer(settings) => Some((settings.torch(), <$settings>::TORCH_CLASS)),)*
                    _ => None,
                }
            }
        }
    };
}
layers!(layer_spec);

/// The PyTorch class of a residual block.
const RESIDUAL: &str = "\
class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.f = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.f(x)
";

impl LayerSpec {
    /// The specs of a list of layers, whose positions begin with `before`.
    ///
    /// # Errors
    /// [`ErrorKind::NotStorable`] for a custom layer without a stored form,
    /// [`ErrorKind::InvalidValue`] for a custom activation with the name of a built-in one.
    pub(crate) fn all_of<T: Scalar>(layers: &[AnyLayer<T>], before: &str) -> Result<Vec<LayerSpec>> {
        let of = |(index, layer): (usize, &AnyLayer<T>)| match layer {
            AnyLayer::Linear(linear) => {
                Ok(LayerSpec::Linear { inputs: Some(linear.inputs()), outputs: linear.outputs() })
            }
            // a name of the library's would be read as the library's
            AnyLayer::Activation(own @ Activation::Custom(_)) if Activation::<T>::from_label(own.label()).is_some() => {
                Err(Error::invalid("name of an activation of your own", "one that none of mfnet's has", own.label()))
            }
            AnyLayer::Activation(activation) => Ok(LayerSpec::Activation { function: activation.label().to_owned() }),
            AnyLayer::Residual(block) => {
                Ok(LayerSpec::Residual { layers: LayerSpec::all_of(block.layers(), &format!("{before}{index}.f."))? })
            }
            AnyLayer::Custom(own) => match own.stored() {
                Some((name, settings)) => Ok(LayerSpec::Registered { name: name.to_owned(), settings }),
                None => Err(ErrorKind::NotStorable(format!("{before}{index}"), own.name()).into()),
            },
            other => LayerSpec::of_table(other)
                .ok_or_else(|| ErrorKind::NotStorable(format!("{before}{index}"), other.name()).into()),
        };
        layers.iter().enumerate().map(of).collect()
    }

    /// Describes the layer in a few words.
    pub(crate) fn words(&self) -> String {
        match self {
            LayerSpec::Linear { outputs, .. } => format!("linear {outputs}"),
            LayerSpec::Activation { function } => function.clone(),
            LayerSpec::Residual { .. } => "residual".to_owned(),
            LayerSpec::Registered { name, .. } => name.clone(),
            of_table => of_table.words_of_table().unwrap_or_default(),
        }
    }

    /// Checks everything that can be checked without the number of input features.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for an invalid setting, or for a layer that the library does not
    /// have.
    pub fn check(&self) -> Result<()> {
        match self {
            LayerSpec::Linear { outputs: 0, .. } => Err(Error::invalid("outputs of a linear layer", "at least 1", 0)),
            LayerSpec::Activation { function } => match function.parse::<ActivationName>() {
                Ok(_) => Ok(()),
                Err(problem) => Err(Error::recipe(format!("activation: {problem}"))),
            },
            LayerSpec::Residual { layers } if layers.is_empty() => {
                Err(Error::invalid("residual", "at least one layer", "none"))
            }
            LayerSpec::Residual { layers } => layers.iter().try_for_each(LayerSpec::check),
            LayerSpec::Registered { name, .. } => {
                let expected = "a layer of mfnet's; add one of your own with Builder::layer";
                Err(Error::invalid("layer", expected, format!("{name:?}")))
            }
            other => other.check_of_table(),
        }
    }

    /// Whether the layer, or a layer inside it, is of this kind.
    pub(crate) fn any(&self, is: &impl Fn(&LayerSpec) -> bool) -> bool {
        is(self) || matches!(self, LayerSpec::Residual { layers } if layers.iter().any(|layer| layer.any(is)))
    }

    /// Whether the layer treats each feature separately and has no nonlinearity: a normalisation, a
    /// scale, dropout, noise.
    pub(crate) fn keeps_features(&self) -> bool {
        use LayerSpec::{AlphaDropout, BatchNorm, Dropout, LayerNorm, Noise, Scale};
        matches!(self, BatchNorm(_) | LayerNorm(_) | Scale(_) | Dropout(_) | AlphaDropout(_) | Noise(_))
    }

    /// The PyTorch modules of these layers, separated by commas. The code of classes that PyTorch
    /// does not have is added to `classes`.
    pub(crate) fn torch(layers: &[LayerSpec], classes: &mut Vec<&'static str>) -> String {
        let mut module = |layer: &LayerSpec| {
            let (call, class) = match layer {
                LayerSpec::Linear { inputs, outputs } => (format!("nn.Linear({}, {outputs})", inputs.unwrap_or(0)), ""),
                LayerSpec::Activation { function } => {
                    let module = Activation::<f64>::from_label(function).and_then(|g| g.torch());
                    (module.map_or_else(|| class_name(function), |module| format!("nn.{module}")), "")
                }
                LayerSpec::Residual { layers } => {
                    (format!("Residual({})", LayerSpec::torch(layers, classes)), RESIDUAL)
                }
                LayerSpec::Registered { name, .. } => (class_name(name), ""),
                other => other.torch_of_table().unwrap_or_default(),
            };
            if !class.is_empty() && !classes.contains(&class) {
                classes.push(class);
            }
            call
        };
        let mut modules = Vec::new();
        for layer in layers {
            modules.push(module(layer));
        }
        modules.join(", ")
    }
}

/// The name of a class of the user's in PyTorch. A name may hold anything, but a program must not.
fn class_name(name: &str) -> String {
    name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '_' }).collect()
}
