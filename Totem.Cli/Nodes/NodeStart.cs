using Totem.Transport.Udp;

namespace Totem.Cli.Nodes;

/// <summary>Starts members; what the machine refuses becomes the command's error.</summary>
internal static class NodeStart
{
    /// <summary>Starts a member.</summary>
    /// <exception cref="CommandFailedException">The machine refuses: a port is taken, a directory cannot be written.</exception>
    public static async Task<TotemNode> StartAsync(TotemNodeOptions options)
    {
        try
        {
            return await TotemNode.StartAsync(options).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TransportException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Environment, failure.Message);
        }
    }
}
