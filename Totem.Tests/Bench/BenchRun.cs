namespace Totem.Tests.Bench;

/// <summary>One command line of Totem.Bench, in this process.</summary>
internal sealed record BenchRun(int ExitCode, string Output, string Error)
{
    public static async Task<BenchRun> OfAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Totem.Bench.Program.RunAsync(arguments, output, error);
        return new BenchRun(code, output.ToString(), error.ToString());
    }
}
