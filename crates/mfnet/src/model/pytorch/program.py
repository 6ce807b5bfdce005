{imports}
from torch import nn
from safetensors import safe_open  # pip install torch safetensors
from safetensors.torch import load_file

{classes}path = {path}
{network}
with safe_open(path, "pt") as file:
    model = json.loads(file.metadata()["mfnet"])

def numbers(of):
    return (torch.tensor(model["preprocessing"][of][name], dtype=torch.float64) for name in ("mean", "scale"))

def scaled(x):
{scaled}
{encoded}@torch.no_grad()
def predict({rows}
    x = {features}.to({dtype})
{prediction}
{decision}