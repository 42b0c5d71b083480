import Agent
import Broker
import FuzzDriver

// Configurations of pod and broker: whatever is in the file, an answer and no crash. A pod's file names whom to trust.
fuzz { input in
  _ = try? BrokerConfiguration(parsing: input)
  if let pod = try? Configuration(parsing: input) {
    precondition(pod.broker.url.hasPrefix("https://"), "a broker without TLS")
    precondition(!pod.broker.caPEM.isEmpty || input.count < 2, "a broker whose certificate is anybody's")
    precondition(pod.engine.command.hasPrefix("/"), "an engine from a search path")
  }
}
