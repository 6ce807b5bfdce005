
def classes(p):  # the predicted class for each row of probabilities; with the threshold not always the most probable
    point, labels = model["operating_point"], model["target"]["labels"]
    of_class = (p[:, point["class"]] > point["probability"]).tolist()
    return [labels[point["class"] if is_above else 1 - point["class"]] for is_above in of_class]
