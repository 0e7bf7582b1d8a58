using System.Diagnostics;

namespace Totem.Tests.Corosync;

/// <summary>The program <c>Native/cpg_load.c</c>: a client of libcpg, the distribution's or a
/// replacement of it.</summary>
internal sealed class CpgLoad : LoadProcess
{
    private CpgLoad(string name, ProcessStartInfo info) : base(name, info)
    {
    }

    /// <summary>Starts the program.</summary>
    /// <param name="name">Its name in failures.</param>
    /// <param name="program">The compiled program.</param>
    /// <param name="wrapper">A command that runs another one in the right network, with the right mounts.</param>
    /// <param name="shape">The shape of its messages.</param>
    /// <param name="environment">More environment, such as <c>LD_LIBRARY_PATH</c>.</param>
    public static CpgLoad Start(
        string name, string program, IReadOnlyList<string> wrapper, LoadShape shape, IReadOnlyDictionary<string,
        string>? environment = null)
    {
        string[] command = [.. wrapper, program, .. shape.Arguments];
        var info = new ProcessStartInfo(command[0], command[1..]);
        if (environment is not null)
        {
            foreach (var (key, value) in environment)
                info.Environment[key] = value;
        }

        var load = new CpgLoad(name, info);
        load.Begin();
        return load;
    }
}
