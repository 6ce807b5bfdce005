//! What a model refuses, and what of a network with a user's own parts can be stored.
#![allow(clippy::unwrap_used)]

use mfnet::layer::{Backward, Context, Layer, Memo};
use mfnet::model::Predictions;
use mfnet::{Activation, Dataset, Model, NeuralNetwork, Preprocessing, Seed, Table, Target, Targets, Tensor};

fn model(data: &Dataset) -> Model {
    let net = NeuralNetwork::builder(data.features()).linear(data.outputs()).build(Seed(0)).unwrap();
    let mut model = Model::new(data, Preprocessing::fit(data), net).unwrap();
    model.training.loss = Some("mse".to_owned());
    model
}

#[test]
fn data_that_do_not_fit() {
    let (digits, diabetes) = (Dataset::built_in("digits").unwrap(), Dataset::built_in("diabetes").unwrap());
    let expected = "evaluate: expected 10 features and 1 columns of values, found 64 features and 10 classes";
    assert_eq!(model(&diabetes).evaluate(&digits).unwrap_err().to_string(), expected);
    assert_eq!(model(&diabetes).evaluate_loss(&digits).unwrap_err().to_string(), expected);
    let error = model(&digits).predict_inputs(&Tensor::zeros(3, 1)).unwrap_err().to_string();
    assert_eq!(error, "predict: expected 64 features, found 3");
    let net = NeuralNetwork::builder(3).linear(10).build(Seed(0)).unwrap();
    let error = Model::new(&digits, Preprocessing::fit(&digits), net).unwrap_err().to_string();
    assert_eq!(error, "Model: expected 64 features, found 3 inputs of the network");
    let net = NeuralNetwork::builder(64).linear(9).build(Seed(0)).unwrap();
    let error = Model::new(&digits, Preprocessing::fit(&digits), net).unwrap_err().to_string();
    assert_eq!(error, "Model: expected 10 outputs, found 9 outputs of the network");
}

/// A data set whose columns stand in another order is one that the model knows, and a table of the same rows is predicted alike.
#[test]
fn features_and_targets_are_found_by_name() {
    let data =
        |text: &str, target: Target| Dataset::from_table(&Table::from_text("t", text).unwrap(), &target).unwrap();
    let model = model(&data("a,b,kind\n1,5,x\n2,7,y\n3,6,z\n", Target::classes("kind")));
    let text = "kind,b,more,a\nz,8,0,4\nx,9,0,5\n";
    let turned = data(text, Target::classes("kind"));
    let aligned = model.align(&turned).unwrap();
    assert_eq!(aligned.feature_names(), ["a", "b"]);
    assert_eq!(aligned.inputs(), Tensor::from_rows([[4.0, 5.0], [8.0, 9.0]]));
    let Targets::Classes { labels, indices, .. } = aligned.targets() else { panic!("classes") };
    assert_eq!((labels.join(" ").as_str(), &indices[..]), ("x y z", &[2, 0][..]));
    assert_eq!(turned.text("a").unwrap(), ["4", "5"]);
    assert_eq!(turned.text("kind").unwrap(), ["z", "x"]);
    assert_eq!(model.predict_dataset(&turned).unwrap(), model.predict(&Table::from_text("t", text).unwrap()).unwrap());
    assert!(
        matches!(model.predict_dataset(&turned).unwrap(), Predictions::Classes { indices, .. } if indices.len() == 2)
    );

    let error = |text, target| model.align(&data(text, target)).unwrap_err().to_string();
    let kind = || Target::classes("kind");
    assert_eq!(error("a,c,kind\n1,2,x\n3,4,y\n", kind()), "t: there is no column \"b\"; the columns are \"a\", \"c\"");
    assert_eq!(
        error("a,b,sort\n1,2,x\n3,4,y\n", Target::classes("sort")),
        "t: there is no column \"kind\"; the columns are \"sort\""
    );
    assert_eq!(
        error("a,b,kind\n1,2,x\n3,4,w\n", kind()),
        "t, column \"kind\": the model does not know the class \"w\"; it knows x, y, z"
    );
    let numbers = "a,b,kind\n1,2,3\n3,4,5\n";
    assert_eq!(error(numbers, Target::values(["kind"])), "the target: expected classes, found values");
}

/// a = z², without a stored form.
#[derive(Clone, Debug)]
struct Square;

impl Layer<f64> for Square {
    fn name(&self) -> String {
        "square".to_owned()
    }

    fn forward(&self, _at: &Context, z: &Tensor, a: &mut Tensor, _memo: &mut Memo<f64>) {
        *a = z.map(|z| z * z);
    }

    fn backward(&self, _at: &Context, pass: Backward<'_, f64>) {
        let Backward { input: z, delta: dj_da, input_gradient: Some(dj_dz), .. } = pass else { return };
        *dj_dz = Tensor::from_fn(z.rows(), z.columns(), |j, i| dj_da[(j, i)] * 2.0 * z[(j, i)]);
    }
}

/// A custom layer without a stored form cannot be stored in a model file, nor can a custom activation that has the name of a built-in one: it would
/// come back as that. The weights of their networks can, and come back into a network that the user builds.
#[test]
fn a_network_with_a_users_own_activation() {
    let data = Dataset::built_in("diabetes").unwrap();
    let called = |name| Activation::custom(name, |z: f64| z * z, |z| 2.0 * z);
    let with = |activation, seed| {
        NeuralNetwork::builder(10).linear(4).activation(activation).linear(1).build(Seed(seed)).unwrap()
    };
    let build = |seed| with(called("square"), seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let layer = NeuralNetwork::builder(10).linear(4).layer(Square).linear(1).build(Seed(1)).unwrap();
    let not_stored = "layer 1 (square) is a custom layer without Layer::stored, so a model file cannot contain it; save \
                      its weights with NeuralNetwork::save_weights and load them into a network that your program builds";
    let taken = "name of an activation of your own: expected one that none of mfnet's has, found relu";
    let block = NeuralNetwork::builder(10)
        .linear(4)
        .residual(|block| block.relu().layer(Square))
        .linear(1)
        .build(Seed(1))
        .unwrap();
    let in_a_block = not_stored.replace("layer 1 ", "layer 1.f.1 ");
    for (net, expected) in [(layer, not_stored), (block, &in_a_block), (with(called("relu"), 1), taken)] {
        let error = Model::new(&data, Preprocessing::fit(&data), net).unwrap().save(&path).unwrap_err().to_string();
        assert_eq!(error, expected);
        assert!(!path.exists());
    }
    build(1).save_weights(&path).unwrap();
    let mut net = build(2);
    net.load_weights(&path).unwrap();
    assert!(net.parameters().eq(build(1).parameters()));
    // a network of another shape stays as it was
    let mut other = NeuralNetwork::builder(10).linear(5).relu().linear(1).build(Seed(3)).unwrap();
    let before = other.clone();
    let error = other.load_weights(&path).unwrap_err().to_string();
    assert!(error.ends_with("tensor 0.weight: expected shape [5, 10], found [4, 10]"), "{error}");
    assert!(other.parameters().eq(before.parameters()));
    let error = Model::load(&path).unwrap_err().to_string();
    assert!(error.ends_with("expected a model of mfnet, found a safetensors file without its metadata"), "{error}");
    let error = NeuralNetwork::builder(10)
        .dtype::<f32>()
        .linear(4)
        .relu()
        .linear(1)
        .build(Seed(0))
        .unwrap()
        .load_weights(&path);
    assert!(error.unwrap_err().to_string().ends_with("tensor 0.weight: expected f32, found f64"));
}

#[test]
fn a_network_that_no_machine_holds() {
    let error = NeuralNetwork::builder(64).linear(usize::MAX / 2).linear(1).build(Seed(0)).unwrap_err().to_string();
    assert!(error.starts_with("network size: expected a network that fits into memory, found "), "{error}");
}
