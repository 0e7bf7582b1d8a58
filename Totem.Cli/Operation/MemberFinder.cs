using System.Net.Sockets;
using Totem.CommandLine;

namespace Totem.Cli.Operation;

/// <summary>A member of this host, and what it answered.</summary>
/// <param name="Path">Its socket.</param>
/// <param name="Answer">A line of JSON; null when it did not answer.</param>
/// <param name="Status">The member itself; null when it did not answer.</param>
/// <param name="Failure">Why it did not answer; null when it did.</param>
internal sealed record FoundMember(string Path, string? Answer, MemberStatus? Status, string? Failure);

/// <summary>Finds the members of this host and asks them, all at a time.</summary>
internal sealed class MemberFinder(string? directory, uint? node)
{
    /// <summary>Asks every member for its status, and then for something more.</summary>
    /// <param name="request">A further question; null for none.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Those that run, in the order of their ids; one that does not answer comes last.</returns>
    /// <exception cref="CommandFailedException">The directory cannot be read.</exception>
    public async Task<IReadOnlyList<FoundMember>> AskAsync(string? request, CancellationToken stop)
    {
        var asked = await Task.WhenAll(Sockets().Select(x => AskAsync(x, request, stop))).ConfigureAwait(false);
        return
        [
            .. asked.OfType<FoundMember>().Where(x => node is null || x.Status?.Node.Value == node)
                .OrderBy(x => x.Status is null).ThenBy(x => x.Status?.Node).ThenBy(x => x.Path, StringComparer.Ordinal),
        ];
    }

    /// <summary>The words for a host without members.</summary>
    public string Nobody => (node is { } id ? $"no member {id}" : "no member") + " of this user runs on this host"
        + (directory is null ? "" : $" and shows itself in {directory}");

    private IReadOnlyList<string> Sockets()
    {
        try
        {
            return MemberSocket.Find(directory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Environment, failure.Message);
        }
    }

    private static async Task<FoundMember?> AskAsync(string path, string? request, CancellationToken stop)
    {
        try
        {
            using var socket = await MemberSocket.ConnectAsync(path, stop).ConfigureAwait(false);
            if (socket is null)
                return null;
            var status = await socket.GetStatusAsync(stop).ConfigureAwait(false);
            var answer = await socket.AskAsync(request ?? "status", stop).ConfigureAwait(false);
            return new FoundMember(path, answer, status, null);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            return new FoundMember(path, null, null, failure.Message);
        }
    }
}
