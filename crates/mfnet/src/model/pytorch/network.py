net = nn.Sequential({layers}).to({dtype})
net.load_state_dict(load_file(path))
net.eval()
