"""Where CodeDeploy is found."""

from local_cloud.aws.codedeploy.responses import CodeDeployResponse

url_bases = [r"https?://codedeploy\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/$": CodeDeployResponse.dispatch}
