nets = nn.ModuleList([{layers}]).to({dtype})
tensors = load_file(path).items()
nets.load_state_dict({{name.removeprefix("network") if name.startswith("network") else "0." + name: x for name, x in tensors}})
nets.eval()
