using Microsoft.Extensions.Logging;
using Totem.Core.Model;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// Says once who is here that one may not expect: a member of the zero-configuration loopback that another user or another program
/// runs, a source that is no member's, datagrams from our own address. They change nothing. Used by the ring's thread only.
/// </summary>
internal sealed class Strangers(ILogger logger, ProcessorId self)
{
    /// <summary>So many processes are remembered; the log of a host with more has told enough.</summary>
    private const int ToldMax = 64;

    private readonly HashSet<int> _told = [];
    private bool _isSourceTold;
    private bool _isOwnAddressTold;

    /// <summary>A process of this host is a member.</summary>
    public void Meet(ProcessorId member, HostProcess process)
    {
        if (!OperatingSystem.IsLinux() || _told.Count == ToldMax || !_told.Add(process.Pid))
            return;
        var isOurs = process.User == LinuxFile.EffectiveUser() && (process.Program is not { } program || program == Environment.ProcessPath);
        if (!isOurs)
            Log.Stranger(logger, member, process.ToString());
    }

    /// <summary>A datagram came from no member's address, and was ignored.</summary>
    public void Ignored(NetAddress source)
    {
        if (_isSourceTold)
            return;
        _isSourceTold = true;
        Log.UnlistedSource(logger, self, source.ToString());
    }

    /// <summary>A datagram that we did not send came from our own address, and was ignored.</summary>
    public void ClaimedToBeUs(NetAddress source)
    {
        if (_isOwnAddressTold)
            return;
        _isOwnAddressTold = true;
        Log.OwnAddress(logger, self, source.ToString());
    }
}
