"""What every comparison uses: the environment, the processes of peers, the machine, the report."""
