use super::Model;
use crate::data::{Dataset, Samples};
use crate::error::{Error, Result};
use crate::metric::{Metrics, mean_and_deviation};
use crate::network::evaluate::Reordered;
use crate::random::{Purpose, Seed};

/// The decrease of a model's score without the information in a group of features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Importance {
    /// The mean over all repetitions.
    pub mean: f64,
    /// The population standard deviation over all repetitions.
    pub std: f64,
}

impl Model {
    /// The permutation importance of groups of features: the score s ([`Metrics::score`], accuracy
    /// or R²) minus the mean of the scores s₁ … sₙ after shuffling the group's values among the
    /// samples. All features of a group are shuffled together.
    ///
    /// ```text
    /// importance = s − 1/n Σ sᵣ
    /// ```
    ///
    /// `groups` has the indices of features: one each, or several that belong together, such as the
    /// pixels of a patch. Features with the same information share their importance, because each
    /// can replace the other. The data are not scaled. As scikit-learn's `permutation_importance`,
    /// which draws other permutations. Source: Breiman 2001, "Random forests", Machine Learning 45.
    ///
    /// ```
    /// use mfnet::{Dataset, Model, Preprocessing, Seed};
    /// use mfnet::train::linear_model;
    /// let data = Dataset::built_in("diabetes")?;
    /// let scale = Preprocessing::fit(&data);
    /// let model = Model::new(&data, scale.clone(), linear_model(&scale.apply(&data))?)?;
    /// let groups: Vec<Vec<usize>> = (0..data.features()).map(|feature| vec![feature]).collect();
    /// let importances = model.permutation_importance(&data, &groups, 5, Seed(0))?;
    /// let bmi = data.feature_names().iter().position(|name| name == "bmi").unwrap();
    /// assert!(importances[bmi].mean > 0.05);
    /// # Ok::<(), mfnet::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::error::ErrorKind::Shape) if the data have other features or
    /// targets, or a group a feature that is not there, or there are no samples;
    /// [`ErrorKind::InvalidValue`](crate::error::ErrorKind::InvalidValue) if there is no
    /// repetition.
    pub fn permutation_importance(
        &self,
        data: &Dataset,
        groups: &[Vec<usize>],
        repetitions: usize,
        seed: Seed,
    ) -> Result<Vec<Importance>> {
        self.check(data)?;
        if let Some(feature) = groups.iter().flatten().find(|feature| **feature >= data.features()) {
            let expected = format!("features below {}", data.features());
            return Err(Error::shape("permutation_importance", expected, feature));
        }
        if data.samples() == 0 {
            return Err(Error::shape("permutation_importance", "at least one sample", 0));
        }
        if repetitions == 0 {
            return Err(Error::invalid("repetitions", "at least 1", 0));
        }
        let samples = self.preprocessing.encode(data.stored_inputs()).samples;
        let places = self.preprocessing.places();
        let score = |output: Samples| {
            let output = self.decided(&self.preprocessing.restore(output));
            Metrics::weighted(output, data.targets(), data.weights()).score()
        };
        let all = score(self.outputs_of(&samples)?);
        let of_group = |(group, features): (usize, &Vec<usize>)| {
            let features: Vec<usize> = features.iter().flat_map(|column| places[*column].clone()).collect();
            let mut rng = seed.stream(Purpose::Permutation { group });
            let mut order: Vec<usize> = (0..data.samples()).collect();
            let mut lost = Vec::with_capacity(repetitions);
            for _ in 0..repetitions {
                rng.shuffle(&mut order);
                let reordered = Reordered { features: &features, order: &order };
                lost.push(all - score(self.outputs_with(reordered, &samples)?));
            }
            let (mean, std) = mean_and_deviation(&lost);
            Ok(Importance { mean, std })
        };
        groups.iter().enumerate().map(of_group).collect()
    }
}
