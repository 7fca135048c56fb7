if [ -d /run/systemd/system ]; then
  systemctl disable --quiet --now codedeploy-agent.service
fi
