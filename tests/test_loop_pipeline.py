"""The loop as users run it: the real pipeline, configuration and adapters, tiny data and models."""

def test_loop(project):
    project.run()
    print(project.files("data/03_primary").keys())
    print(project.load("loop_descriptions"))
