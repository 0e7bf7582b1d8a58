using Microsoft.Extensions.Logging;
using Totem.Transport.Udp.Corosync;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Transports;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Reads the configuration again at the place that the ring's order has for it (KNET §17).
/// The ring's thread.</summary>
internal sealed class ReloadDesk(TotemNodeOptions options, IRingTransport transport, ILogger logger)
{
    /// <summary>A member asks all for it.</summary>
    public void HandleReload(ProcessorId asking)
    {
        try
        {
            var changed = transport.HandleReload(options.Reread?.Invoke() ?? options.Transport);
            Log.Reloaded(logger, transport.Self, asking, changed ?? "nothing has changed that can");
        }
        catch (Exception failure)
            when (failure is CorosyncConfException or TransportException or IOException or UnauthorizedAccessException)
        {
            Log.ReloadFailed(logger, transport.Self, asking, failure.Message);
        }
    }

    /// <summary>A member takes a step in a change of keys.</summary>
    public void HandleKeyStep(ProcessorId node, int phase) => transport.HandleKeyStep(node, phase);

    /// <summary>A configuration was delivered.</summary>
    public void HandleMembers(ProcessorSet members) => transport.HandleMembers(members);
}
