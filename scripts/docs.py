"""Write what is generated from the modules: docs/modules and docs/codedeploy-features.md."""

from scripts import feature_table, module_docs

if __name__ == "__main__":
    module_docs.write()
    feature_table.write()
